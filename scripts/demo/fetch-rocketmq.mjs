// Fetches RocketMQ through Maven, in a process group of its own, so that both can be ended together: Maven would go on
// for minutes after whoever asked for it. Ends with whoever started it, whose end closes its standard input.
import { fetchArtifacts } from '../../test/support/rocketmq/artifacts.mjs';

let stopping = false;

function stop() {
  if (stopping) return;
  stopping = true;
  // Maven ends, and what was fetched until then is removed.
  process.kill(-process.pid, 'SIGTERM');
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop);
process.stdin.resume().once('end', stop);

try {
  await fetchArtifacts({ log: (line) => console.log(line) });
  console.log('fetched');
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
