import { optionalPeer, type OptionalPeer } from '../peers/optional-peer.js';

const NEEDED = { neededBy: 'The transport rocketmq', install: '@grpc/grpc-js@1.14 @grpc/proto-loader@0.8' };

/**
 * Versions that work: the specs of this transport were run with both ends of each. `peerDependencies` name no
 * version, because npm would then refuse to install this library beside another version, also for who never uses this transport.
 */
export const ROCKETMQ_PEERS = {
  // 1.12 gives no access to its sockets (see ChannelSockets), so a channel keeps its connection after close(); with 1.13.0 no TLS connection is made.
  grpc: { ...NEEDED, name: '@grpc/grpc-js', range: '^1.13.1' },
  // 0.6 makes another value of an enum value that it does not know, so a body in an unknown encoding is taken for a plain one.
  loader: { ...NEEDED, name: '@grpc/proto-loader', range: '^0.7.0 || ^0.8.0' },
} satisfies Record<string, OptionalPeer>;

export interface Peers {
  readonly grpc: typeof import('@grpc/grpc-js');
  readonly loader: typeof import('@grpc/proto-loader');
}

/**
 * Loads the two packages that only users of this transport need: on first use, never on import.
 *
 * @throws {MqError} `MQ_PEER_MISSING`
 */
export async function loadPeers(): Promise<Peers> {
  const [grpc, loader] = await Promise.all([
    optionalPeer(ROCKETMQ_PEERS.grpc, () => import('@grpc/grpc-js'), hasSecureConnectors),
    optionalPeer(
      ROCKETMQ_PEERS.loader,
      () => import('@grpc/proto-loader'),
      (loaded) => typeof loaded.fromJSON === 'function',
    ),
  ]);
  return { grpc, loader };
}

/** Since 1.13. */
function hasSecureConnectors({ credentials }: Peers['grpc']): boolean {
  return typeof credentials.createInsecure()._createSecureConnector === 'function';
}
