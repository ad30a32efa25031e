import { readOptions, refuseOption } from '../../../scripts/support/read-options.mjs';

export const HELP = `Usage: node test/support/rocketmq/main.mjs [options]

Starts RocketMQ (name server, broker and gRPC proxy) on free ports of this machine and in a folder of its own, and says
where: {"event":"listening","endpoint":"127.0.0.1:8081","admin":"127.0.0.1:10911","nameServer":"127.0.0.1:9876","folder":…}
Ends, and removes its folder, on SIGTERM and SIGINT. Fetches RocketMQ through Maven the first time.

With --cluster it is two brokers, each a process, with two proxies of their own (cluster), or with a proxy inside of each
(local, on Linux): {"event":"listening","endpoints":"127.0.0.1:8081;127.0.0.1:8091","nameServer":…,"admin":["127.0.0.1:10911",…],
"folder":…,"pids":{"name-server":…,"broker-a":…,"broker-b":…,"proxy-1":…,"proxy-2":…}}. Kill or stop them as you like;
this program does not start them again.

Options:
  --topic <name[:type[:queues]]>             type: NORMAL (default), FIFO, DELAY, TRANSACTION; queues: 4. May be repeated
  --group <name[:ordered][:retries]>         retries: 16, before a message goes to %DLQ%<name>. May be repeated
  --cluster <cluster|local>                  two brokers, and where their proxies are. Default: one broker, its proxy inside
  --version <version>                        default: MQ_TEST_ROCKETMQ_VERSION, else the one of the tests
  --auth <accessKey:accessSecret>            lets nobody else in
  --fetch-only                               fetch it, if it is not there yet, and end
  --help                                     this text
`;
const MODES = /** @type {const} */ (['cluster', 'local']);
const TYPES = /** @type {const} */ (['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION']);

/** What {@link startRocketmq} or {@link startRocketmqCluster} takes, and what else is to be done. */
export function parseArguments() {
  const { values } = readOptions({
    options: {
      topic: { type: 'string', multiple: true, default: [] },
      group: { type: 'string', multiple: true, default: [] },
      cluster: { type: 'string' },
      version: { type: 'string' },
      auth: { type: 'string' },
      'fetch-only': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    help: values.help,
    fetchOnly: values['fetch-only'],
    topics: values.topic.map(parseTopic),
    groups: values.group.map(parseGroup),
    ...(values.cluster !== undefined && { mode: parseMode(values.cluster) }),
    ...(values.version && { version: values.version }),
    ...(values.auth && { auth: parseAuth(values.auth) }),
  };
}

/**
 * @param {string} text
 * @returns {'cluster' | 'local'}
 */
function parseMode(text) {
  return MODES.find((mode) => mode === text) ?? refuseOption(`--cluster ${text}: expected ${MODES.join(' or ')}`);
}

/**
 * @param {string} text
 * @returns {import('./start-rocketmq.mjs').RocketmqTopic}
 */
function parseTopic(text) {
  const [name, typeName = 'NORMAL', queues = '4', ...more] = text.split(':');
  const type = TYPES.find((one) => one === typeName);
  if (!name || !type || !/^[1-9]\d*$/.test(queues) || more.length > 0) {
    refuseOption(`--topic ${text}: expected name, name:type or name:type:queues, with a type of ${TYPES.join(', ')}`);
  }
  return { name, type, queues: Number(queues) };
}

/**
 * @param {string} text
 * @returns {import('./start-rocketmq.mjs').RocketmqGroup}
 */
function parseGroup(text) {
  const match = /^([^:]+)(:ordered)?(?::(\d+))?$/.exec(text);
  if (!match) refuseOption(`--group ${text}: expected name, name:ordered, name:retries or name:ordered:retries`);
  const [, name, ordered, retries] = match;
  return { name, ordered: ordered !== undefined, ...(retries && { maxRetries: Number(retries) }) };
}

/**
 * @param {string} text
 * @returns {import('./start-rocketmq.mjs').RocketmqCredentials}
 */
function parseAuth(text) {
  const [accessKey, accessSecret] = text.split(':');
  if (!accessKey || !accessSecret) refuseOption('--auth: expected accessKey:accessSecret');
  return { accessKey, accessSecret };
}
