import { randomBytes } from 'node:crypto';
import { Deadlines, GROUPS, TOPICS } from '../../../../apps/shop/src/messaging/topics.js';
import { EmulatorProgram } from '../../../support/emulator-program.js';
import type { RocketmqAdmin } from '../../../support/rocketmq/rocketmq-admin.mjs';

/** The broker of a shop. Known once `beforeAll` has run. */
export interface ShopBroker {
  /** What the shop has to be told. */
  readonly env: Readonly<Record<string, string>>;
  /** What a consumer group of the shop is called there. */
  groupId(plain: string): string;
  /** What became of the deliveries to a group. Missing where the broker tells nobody. */
  deliveries?(plain: string): Promise<{ acked: number; inFlight: number }>;
}

/** An emulator for the tests of this `describe`. */
export function useEmulator(): ShopBroker & { readonly emulator: EmulatorProgram } {
  let emulator: EmulatorProgram;
  beforeAll(async () => {
    emulator = await EmulatorProgram.start();
  });
  return {
    get emulator() {
      return emulator;
    },
    get env() {
      return emulator.env;
    },
    groupId: (plain) => plain,
    async deliveries(groupId) {
      const { acked, inFlight } = (await emulator.state()).instances['']!.topics['shop_orders']!.groups[groupId]!;
      return { acked, inFlight };
    },
  };
}

/**
 * A share of a RocketMQ for the tests of this `describe`: the shop's topics, which are the same for everybody, and groups
 * with a suffix of their own. The shop has it on its tags, too, so nobody gets the messages of tests that run beside.
 */
export function useRocketmqShare(at: { readonly endpoint: string; readonly admin: RocketmqAdmin }): ShopBroker {
  const suffix = `_${randomBytes(4).toString('hex')}`;
  const groups = Object.values(GROUPS).map(({ groupId }) => groupId + suffix);
  beforeAll(async () => {
    for (const [alias, { topic }] of Object.entries(TOPICS)) {
      await at.admin.createTopic({ name: topic, type: alias === Deadlines ? 'DELAY' : 'NORMAL' });
    }
    for (const name of groups) await at.admin.createGroup({ name });
  });
  afterAll(async () => {
    for (const name of groups) await at.admin.deleteGroup(name);
  });
  return {
    get env() {
      return { MQ_TRANSPORT: 'rocketmq', MQ_ENDPOINT: at.endpoint, MQ_SUFFIX: suffix };
    },
    groupId: (plain) => plain + suffix,
  };
}
