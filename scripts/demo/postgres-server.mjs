// A PostgreSQL server in a process of its own, so that it ends with whoever started it, however that one ends: its standard
// input closes then. Prints the server's URL when it is ready.
import { startEmbeddedPostgres } from '../../test/support/embedded-postgres.mjs';

const server = await startEmbeddedPostgres();
let stopping = false;

function stop() {
  if (stopping) return;
  stopping = true;
  server.stop().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
  // The package's own handlers would end this process before the folder is removed.
  process.removeAllListeners(signal);
  process.on(signal, stop);
}
process.stdin.resume().once('end', stop);
console.log(server.url);
