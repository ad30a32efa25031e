import { systemClock } from '../../core/runtime/system-clock.js';
import type { ReservedStdout } from './stdout.js';

/** How long what the application left open may keep the process from ending by itself. */
const LINGER_MS = 1_000;

/** Ends the process with this code: by itself if nothing keeps it, and soon in any case. */
export async function endWith(code: number, stdout: ReservedStdout): Promise<void> {
  process.exitCode = code;
  await stdout.flush();
  // Does not keep the process either.
  systemClock.schedule(LINGER_MS, () => {
    const open = [...new Set(process.getActiveResourcesInfo())].join(', ');
    process.stderr.write(`mq: the application left something open (${open}); the process ends all the same\n`);
    process.exit();
  });
}
