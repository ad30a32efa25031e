import { hasArtifacts, missingPrograms, ROCKETMQ_NEEDS, ROCKETMQ_VERSION } from './artifacts.mjs';
import { queryRoute } from './query-route.mjs';

/**
 * Which RocketMQ the tests have: one that runs already, if the environment names it, else one that they start, else none.
 * One that the environment names and that does not answer is an error.
 *
 * @returns {Promise<{ running?: import('./rocketmq-admin.mjs').RocketmqAddresses, startable: boolean, description: string,
 *   missing: string | null }>} `missing` says what is left out without it, and what to do
 */
export async function findRocketmq(env = process.env) {
  const running = namedIn(env);
  if (running) {
    await mustAnswer(running.endpoint);
    return { running, startable: false, description: `${running.endpoint}, as the environment says`, missing: null };
  }
  const missing = missingPrograms();
  if (missing.length > 0) {
    return { startable: false, description: 'none', missing: `everything on RocketMQ 5. ${ROCKETMQ_NEEDS}` };
  }
  const how = hasArtifacts() ? 'is here' : 'will be fetched once, about 100 MB';
  return {
    startable: true,
    description: `${ROCKETMQ_VERSION} from Maven: ${how}, is started when needed`,
    missing: null,
  };
}

/**
 * @returns {import('./rocketmq-admin.mjs').RocketmqAddresses | null}
 * @param {NodeJS.ProcessEnv} env
 */
function namedIn(env) {
  const { MQ_TEST_ROCKETMQ_ENDPOINT: endpoint } = env;
  if (!endpoint) return null;
  const { MQ_TEST_ROCKETMQ_ADMIN: adminAddress, MQ_TEST_ROCKETMQ_NAMESERVER: nameServer } = env;
  if (adminAddress && nameServer) return { endpoint, adminAddress, nameServer };
  throw new Error(
    'MQ_TEST_ROCKETMQ_ENDPOINT is set, and the tests make their topics themselves: set MQ_TEST_ROCKETMQ_ADMIN to host:port ' +
      'of the broker (usually 10911), and MQ_TEST_ROCKETMQ_NAMESERVER to that of the name server (9876)',
  );
}

/** @param {string} endpoint */
async function mustAnswer(endpoint) {
  try {
    await queryRoute(endpoint, 'mq_test_probe');
  } catch (error) {
    throw new Error(`MQ_TEST_ROCKETMQ_ENDPOINT is set, but nothing answers there: ${error.message}`, { cause: error });
  }
}
