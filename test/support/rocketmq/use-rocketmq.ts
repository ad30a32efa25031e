import { randomBytes } from 'node:crypto';
import { askForService } from '../shared-service.mjs';
import { type RocketmqAddresses, RocketmqAdmin } from './rocketmq-admin.mjs';
import type { RocketmqGroup, RocketmqTopic } from './start-rocketmq.mjs';

/** Fetching it, if this machine has never had it, included. */
const START_TIMEOUT_MS = 280_000;

/** The RocketMQ that all specs of a run share. Known once `beforeAll` has run. */
export interface TestRocketmq extends RocketmqAddresses {
  readonly admin: RocketmqAdmin;
  /** A new topic, of which clients get a route; removed after the tests. */
  topic(type?: RocketmqTopic['type'], queues?: number): Promise<string>;
  /** A new group; removed after the tests. */
  group(options?: Omit<RocketmqGroup, 'name'>): Promise<string>;
}

/**
 * Runs a block of tests if RocketMQ is there or can be started. Else one test says in its place that it was left out: the
 * reason was announced when the run began, and under `CI` the run did not begin.
 */
export function describeRocketmq(title: string, block: () => void): void {
  const { MQ_TEST_ROCKETMQ_ENDPOINT: running, MQ_TEST_ROCKETMQ_STARTER: startable } = process.env;
  describe(title, () => {
    if (running || startable) block();
    else it('is left out without RocketMQ, and must not be under CI', () => expect(process.env['CI']).toBeUndefined());
  });
}

/** RocketMQ for the tests of this `describe`, which is one of {@link describeRocketmq}. Started if nobody has asked for it yet. */
export function useRocketmq(): TestRocketmq {
  const topics: string[] = [];
  const groups: string[] = [];
  let at: RocketmqAddresses;
  let admin: RocketmqAdmin;

  beforeAll(async () => {
    at = await addresses();
    admin = new RocketmqAdmin(at);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    // A hook that failed has told why already.
    if (!admin) return;
    for (const name of groups) await admin.deleteGroup(name);
    for (const name of topics) await admin.deleteTopic(name);
  });

  return {
    get endpoint() {
      return at.endpoint;
    },
    get adminAddress() {
      return at.adminAddress;
    },
    get nameServer() {
      return at.nameServer;
    },
    get admin() {
      return admin;
    },
    async topic(type = 'NORMAL', queues = 4) {
      const name = uniqueName('t');
      topics.push(name);
      await admin.createTopic({ name, type, queues });
      return name;
    },
    async group(options = {}) {
      const name = uniqueName('g');
      groups.push(name);
      await admin.createGroup({ name, ...options });
      return name;
    },
  };
}

async function addresses(): Promise<RocketmqAddresses> {
  const { env } = process;
  const starter = env['MQ_TEST_ROCKETMQ_STARTER'];
  if (starter) return askForService<RocketmqAddresses>(starter);
  return {
    endpoint: env['MQ_TEST_ROCKETMQ_ENDPOINT']!,
    adminAddress: env['MQ_TEST_ROCKETMQ_ADMIN']!,
    nameServer: env['MQ_TEST_ROCKETMQ_NAMESERVER']!,
  };
}

function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}
