import type { ChannelCredentials } from '@grpc/grpc-js';
import type { Clock } from '../../../core/runtime/clock.js';
import type { Peers } from '../peers.js';
import { messagingClient } from './messaging-client.js';
import { ChannelSockets } from './channel-sockets.js';
import { Channel } from './channel.js';
import { Connection } from './connection.js';
import { grpcTarget, type Endpoint } from './endpoint.js';
import { channelCredentials, type RocketmqTls } from './tls.js';

/** Of one part of an answer, which holds one message: 4 MiB at Apache's default, and brokers may be told to take more. */
const MAX_ANSWER_BYTES = 64 * 1_048_576;

/** The connections of one transport, one for each endpoint, made when they are first asked for. */
export class Connections {
  private readonly byKey = new Map<string, Connection>();
  private readonly makeChannel: (endpoint: Endpoint) => Channel;

  constructor(
    peers: Peers,
    tls: RocketmqTls | null,
    private readonly clock: Clock,
  ) {
    const Client = messagingClient(peers);
    const credentials = channelCredentials(peers, tls);
    this.makeChannel = (endpoint) => {
      const sockets = new ChannelSockets();
      return new Channel(makeClient(Client, endpoint, sockets.watching(credentials)), sockets, clock);
    };
  }

  to(endpoint: Endpoint): Connection {
    let connection = this.byKey.get(endpoint.key);
    if (!connection) {
      connection = new Connection(endpoint, this.makeChannel, this.clock);
      this.byKey.set(endpoint.key, connection);
    }
    return connection;
  }

  close(): void {
    for (const connection of this.byKey.values()) connection.close();
  }
}

function makeClient(
  Client: ReturnType<typeof messagingClient>,
  endpoint: Endpoint,
  credentials: ChannelCredentials,
): InstanceType<typeof Client> {
  return new Client(grpcTarget(endpoint), credentials, {
    // gRPC's own backoff grows to two minutes: a broker that was away for long would be missed for as long again.
    'grpc.initial_reconnect_backoff_ms': 250,
    'grpc.max_reconnect_backoff_ms': 1_000,
    // A name that leads elsewhere after an outage, as in Kubernetes, would be looked up again after half a minute.
    'grpc.dns_min_time_between_resolutions_ms': 2_000,
    // The owner of a DNS zone could otherwise have calls repeated; and who repeats is decided above this transport.
    'grpc.service_config_disable_resolution': 1,
    // Otherwise a channel that replaces a silent one would be handed the same silent connection.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
  });
}
