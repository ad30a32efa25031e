// RocketMQ as a program: what is printed on stdout is for other programs, everything else goes to stderr.
import { fetchArtifacts } from './artifacts.mjs';
import { HELP, parseArguments } from './parse-arguments.mjs';
import { startRocketmqCluster } from './start-cluster.mjs';
import { startRocketmq } from './start-rocketmq.mjs';

async function main() {
  const { help, fetchOnly, ...options } = parseArguments(process.argv.slice(2));
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
  const stop = (signal) => {
    process.stderr.write(`${signal}: stopping\n`);
    rocketmq.stop().then(() => clearInterval(stay), fail);
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ event: 'listening', ...whereIs(rocketmq) })}\n`);
}

function whereIs({ folder, addresses, endpoint, adminAddress: admin, nameServer, processes }) {
  if (!processes) return { endpoint, admin, nameServer, folder };
  return { ...addresses, folder, pids: Object.fromEntries(processes.map(({ name, pid }) => [name, pid])) };
}

function fail(error) {
  process.stderr.write(`rocketmq: ${error.message}\n`);
  process.exit(1);
}

main().catch(fail);
