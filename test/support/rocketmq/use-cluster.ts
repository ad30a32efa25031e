import { randomBytes } from 'node:crypto';
import type { RunningCluster, StartClusterOptions } from './start-cluster.mjs';
import { startRocketmqCluster } from './start-cluster.mjs';
import type { RocketmqGroup, RocketmqTopic } from './start-rocketmq.mjs';

/** Fetching it, if this machine has never had it, included. */
const START_TIMEOUT_MS = 280_000;

/** A RocketMQ of several processes for the tests of one `describe`. Known once `beforeAll` has run. */
export interface TestCluster extends RunningCluster {
  /** A new topic, of which all clients get a route; on all brokers unless some are named. */
  topic(type?: RocketmqTopic['type'], more?: { queues?: number; on?: readonly string[] }): Promise<string>;
  /** A new group. */
  group(options?: Omit<RocketmqGroup, 'name'>, on?: readonly string[]): Promise<string>;
}

/**
 * Starts two brokers and two proxies for the tests of this `describe`, which is one of `describeRocketmq`, and ends them after.
 * Nobody else has them, so a test may do with their processes what it likes; it leaves them running.
 */
export function useRocketmqCluster(options: StartClusterOptions = {}): TestCluster {
  let cluster: RunningCluster;
  beforeAll(async () => {
    cluster = await startRocketmqCluster(options);
  }, START_TIMEOUT_MS);
  // A hook that failed has told why already.
  afterAll(() => cluster?.stop());

  const own = {
    async topic(type: RocketmqTopic['type'] = 'NORMAL', { queues = 4, on }: { queues?: number; on?: string[] } = {}) {
      const name = uniqueName('t');
      await cluster.admin.createTopic({ name, type, queues }, on);
      return name;
    },
    async group(group: Omit<RocketmqGroup, 'name'> = {}, on?: readonly string[]) {
      const name = uniqueName('g');
      await cluster.admin.createGroup({ name, ...group }, on);
      return name;
    },
  };
  return new Proxy(own, {
    get: (target, name) => Reflect.get(name in target ? target : cluster, name) as unknown,
  }) as TestCluster;
}

function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}
