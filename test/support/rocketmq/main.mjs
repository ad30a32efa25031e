// RocketMQ as a program: what is printed on stdout is for other programs, everything else goes to stderr.
import { fetchArtifacts } from './artifacts.mjs';
import { HELP, parseArguments } from './parse-arguments.mjs';
import { startRocketmqCluster } from './start-cluster.mjs';
import { startRocketmq } from './start-rocketmq.mjs';

async function main() {
  const { help, fetchOnly, ...options } = parseArguments();
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  if (fetchOnly) {
    await fetchArtifacts(options);
    return;
  }
  const start = options.mode ? startRocketmqCluster : startRocketmq;
  const rocketmq = await start({ ...options, log: (line) => process.stderr.write(`${line}\n`) });
  // Nothing else keeps this process.
  const stay = setInterval(() => undefined, 2 ** 30);
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => {
    process.stderr.write(`${signal}: stopping\n`);
    rocketmq.stop().then(() => clearInterval(stay), fail);
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ event: 'listening', ...whereIs(rocketmq) })}\n`);
}

/** @param {import('./start-rocketmq.mjs').RunningRocketmq | import('./start-cluster.mjs').RunningCluster} rocketmq */
function whereIs(rocketmq) {
  const { folder, nameServer } = rocketmq;
  if (!('processes' in rocketmq)) {
    return { endpoint: rocketmq.endpoint, admin: rocketmq.adminAddress, nameServer, folder };
  }
  const { addresses, processes } = rocketmq;
  return { ...addresses, folder, pids: Object.fromEntries(processes.map(({ name, pid }) => [name, pid])) };
}

/** @param {Error} error */
function fail(error) {
  process.stderr.write(`rocketmq: ${error.message}\n`);
  process.exit(1);
}

main().catch(fail);
