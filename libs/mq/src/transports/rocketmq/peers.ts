import { optionalPeer } from '../../core/runtime/optional-peer.js';

const NEEDED_BY = 'The transport rocketmq';
const INSTALL = '@grpc/grpc-js@1.14.7 @grpc/proto-loader@0.8.1';

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
    optionalPeer('@grpc/grpc-js', NEEDED_BY, INSTALL, () => import('@grpc/grpc-js')),
    optionalPeer('@grpc/proto-loader', NEEDED_BY, INSTALL, () => import('@grpc/proto-loader')),
  ]);
  return { grpc, loader };
}
