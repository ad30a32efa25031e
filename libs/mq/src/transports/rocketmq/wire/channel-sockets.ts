import type { ChannelCredentials } from '@grpc/grpc-js';
import type { Socket } from 'node:net';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * ChannelSockets records the sockets of one gRPC channel, so that they are closed with it.
 *
 * Closing a channel of gRPC leaves a connection alive on which the server has not said a word yet, for as long as the server
 * does: one more for each channel that is given up for being silent. gRPC hands a socket to other code only
 * where credentials encrypt it, so each channel gets the given credentials with that one method replaced by one that records it.
 */
export class ChannelSockets {
  private readonly sockets = new Set<Socket>();
  private closed = false;

  /** `credentials` for a channel whose sockets are to be known here. */
  watching(credentials: ChannelCredentials): ChannelCredentials {
    return Object.create(credentials, {
      _createSecureConnector: {
        value: (...about: Parameters<ChannelCredentials['_createSecureConnector']>): SecureConnector => {
          const connector = credentials._createSecureConnector(...about);
          const connect = connector.connect.bind(connector);
          connector.connect = (socket) => {
            this.note(socket);
            return connect(socket);
          };
          return connector;
        },
      },
    }) as ChannelCredentials;
  }

  close(): void {
    this.closed = true;
    for (const socket of this.sockets) socket.destroy();
  }

  private note(socket: Socket): void {
    // Connected after nobody wanted it any more.
    if (this.closed) socket.destroy();
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }
}
