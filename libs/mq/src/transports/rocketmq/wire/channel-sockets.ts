import type { ChannelCredentials } from '@grpc/grpc-js';
import type { Socket } from 'node:net';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * The sockets of one gRPC channel, so that they can be closed with it.
 *
 * Closing a channel of gRPC leaves a connection open on which the server has not said a word yet, for as long as the server
 * does: one more for each channel that is given up for being silent. The one place where gRPC lets a socket pass by is
 * where credentials encrypt it, so the credentials of each channel are the given ones with an eye on that.
 */
export class ChannelSockets {
  private readonly open = new Set<Socket>();
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
    for (const socket of this.open) socket.destroy();
  }

  private note(socket: Socket): void {
    // Connected after nobody wanted it any more.
    if (this.closed) socket.destroy();
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
  }
}
