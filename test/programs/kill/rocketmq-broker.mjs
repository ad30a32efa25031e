import { startRocketmqCluster } from '../../support/rocketmq/start-cluster.mjs';
import { ArmedPoint } from './armed-point.mjs';
import { readCommitLog } from './commit-log.mjs';
import { startGrpcRelay } from './grpc-relay.mjs';
import { handedOut, isStored, publishedIds, withEndpoint } from './messaging-calls.mjs';
import { SendOutcomes } from './send-outcomes.mjs';

/** @typedef {import('../../support/rocketmq/start-cluster.mjs').RunningCluster} RunningCluster */
/** @typedef {import('../../support/rocketmq/rocketmq-process.mjs').RocketmqProcess} RocketmqProcess */

/** @type {import('../../support/rocketmq/start-rocketmq.mjs').RocketmqTopic[]} */
const TOPICS = [
  { name: 'kill_plain', type: 'NORMAL' },
  { name: 'kill_ledger', type: 'FIFO' },
];
const GROUPS = [{ name: 'GID_effects' }, { name: 'GID_ordered_effects', ordered: true }];

/**
 * RocketMQ 5, one broker with its proxy inside.
 *
 * @type {import('./observed-broker.mjs').StartObservedBroker}
 */
export async function startRocketmqBroker() {
  return observe(
    await startRocketmqCluster({ mode: 'local', brokers: ['broker'], topics: TOPICS, groups: GROUPS }),
    ({ brokers }) => brokers,
  );
}

/**
 * RocketMQ 5, two brokers and two proxies apart from them, behind what is to clients one load balancer; all four die in turn.
 *
 * @type {import('./observed-broker.mjs').StartObservedBroker}
 */
export async function startRocketmqClusterBroker() {
  return observe(await startRocketmqCluster({ topics: TOPICS, groups: GROUPS }), ({ brokers, proxies }) =>
    brokers.flatMap((broker, index) => [broker, proxies[index]]),
  );
}

/**
 * Relays in front of its proxy tell the steps, and what it has stored is read from its own files.
 *
 * SIGKILL ends the broker and leaves the system's page cache alone, where everything is that was written and not yet flushed
 * (`flushDiskType=ASYNC_FLUSH`). So whatever it has confirmed must be there when it is back; a power failure, which only
 * `SYNC_FLUSH` or a replica outlives, is not tested.
 *
 * @param {RunningCluster} rocketmq
 * @param {(cluster: RunningCluster) => RocketmqProcess[]} victimsOf
 * @returns {import('./observed-broker.mjs').ObservedBroker}
 */
function observe(rocketmq, victimsOf) {
  const { brokers, proxies } = rocketmq;
  const armed = new ArmedPoint();
  /** @type {Awaited<ReturnType<typeof startGrpcRelay>>[]} */
  const relays = [];
  const outcomes = new SendOutcomes();
  /** @type {Set<string>} */
  const confirmed = new Set();

  /**
   * For each call that is a step of a message's way: what to look at, and whether to pass it on.
   *
   * @param {string} caller
   * @returns {import('./grpc-relay.mjs').Watchers}
   */
  const watch = (caller) => ({
    SendMessage() {
      /** @type {string[]} */
      let ids = [];
      let stored = false;
      let told = () => {};
      return {
        request(body) {
          if (armed.reached('received', 'publish', caller)) return false;
          ids = publishedIds(body);
          told = outcomes.begin(caller, ids);
          return true;
        },
        answer(body) {
          stored = isStored(body);
          if (!stored) return body;
          for (const id of ids) confirmed.add(id);
          return armed.reached('stored', 'publish', caller) ? null : body;
        },
        answered() {
          if (stored) told();
          armed.reached('answered', 'publish', caller);
        },
      };
    },
    ReceiveMessage() {
      // An empty poll is no step of a delivery.
      let any = false;
      return {
        request: () => true,
        answer(body) {
          any = handedOut(body) > 0;
          return any && armed.reached('stored', 'consume', caller) ? null : body;
        },
        answered: () => any && armed.reached('answered', 'consume', caller),
      };
    },
    AckMessage: () => ({
      request: () => !armed.reached('received', 'ack', caller),
      answer: (body) => (armed.reached('stored', 'ack', caller) ? null : body),
      answered: () => armed.reached('answered', 'ack', caller),
    }),
    // The broker names itself as the one to talk to; then nobody would come by here.
    QueryRoute: () => ({ request: () => true, answer: (body) => withEndpoint(body, caller) }),
  });

  let connections = 0;
  /** One that runs, if there is one; each connection another. */
  const target = () => {
    const running = proxies.filter(({ isRunning }) => isRunning);
    const among = running.length > 0 ? running : proxies;
    return String(among[connections++ % among.length].endpoint);
  };

  return {
    victims: victimsOf(rocketmq).map((process) => ({
      errors: [],
      kill: () => process.kill(),
      start: () => process.start(),
      stop: async () => undefined,
    })),
    async entrance() {
      const relay = await startGrpcRelay(target, watch);
      relays.push(relay);
      return { endpoint: relay.host, caller: relay.host };
    },
    outcomes,
    arm: (point) => armed.arm(point),
    async account() {
      const logs = await Promise.all(brokers.map(({ home }) => readCommitLog(home)));
      // Those of one key are sent one after the other, so their times tell their order over all brokers.
      const stored = logs
        .flat()
        .filter(({ topic }) => TOPICS.some(({ name }) => name === topic))
        .sort((one, other) => one.storedAt - other.storedAt);
      const ids = new Set(stored.map(({ id }) => id));
      return { stored, forgotten: [...confirmed].filter((id) => !ids.has(id)) };
    },
    async close() {
      for (const relay of relays) await relay.close();
      await rocketmq.stop();
    },
  };
}
