// RocketMQ as a program: what is printed on stdout is for other programs, everything else goes to stderr.
import { fetchArtifacts } from './artifacts.mjs';
import { HELP, parseArguments } from './parse-arguments.mjs';
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
  const rocketmq = await startRocketmq({ ...options, log: (line) => process.stderr.write(`${line}\n`) });
  // Nothing else keeps this process.
  const stay = setInterval(() => undefined, 2 ** 30);
  const stop = (signal) => {
    process.stderr.write(`${signal}: stopping\n`);
    rocketmq.stop().then(() => clearInterval(stay), fail);
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  const { endpoint, adminAddress: admin, nameServer, folder } = rocketmq;
  process.stdout.write(`${JSON.stringify({ event: 'listening', endpoint, admin, nameServer, folder })}\n`);
}

function fail(error) {
  process.stderr.write(`rocketmq: ${error.message}\n`);
  process.exit(1);
}

main().catch(fail);
