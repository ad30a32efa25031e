// Writes numbered lines through the built library, as one of several processes with the same path: node daily-log-program.mjs PATH NAME COUNT
import { setImmediate } from 'node:timers/promises';
import { dailyLog } from 'nestjs-reliable-mq/daily-log';

const [path, name, count] = process.argv.slice(2);
const logger = dailyLog({ path: String(path), days: 50 });
for (let n = 0; n < Number(count); n++) {
  logger.warn({ name, n, padding: 'x'.repeat(n % 400) });
  if (n % 50 === 0) await setImmediate();
}
// What was logged is there, however the process ends.
process.exit(0);
