import { readProperty } from '../../core/runtime/read-property.js';
import { type OptionalPeer, optionalPeer } from '../../transports/peers/optional-peer.js';

const COMMANDER: OptionalPeer = {
  name: 'commander',
  range: '^14.0.0 || ^15.0.0',
  neededBy: 'the command line',
  install: 'commander@14',
};

/** @throws {MqError} `MQ_PEER_MISSING` */
export function loadCommander(): Promise<typeof import('commander')> {
  return optionalPeer(
    COMMANDER,
    () => import('commander'),
    // New in 14. Its ES module cannot be asked for its version.
    ({ Command }) => typeof readProperty(readProperty(Command, 'prototype'), 'helpGroup') === 'function',
  );
}
