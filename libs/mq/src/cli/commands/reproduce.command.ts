import { PUBLISH } from '../boot/boot-modes.js';
import type { CliContext } from '../cli-context.js';
import type { Command } from '../command.js';
import { runConnections } from '../running/run-connections.js';
import { ENDINGS } from '../running/run-options.js';
import { tellStop } from '../running/tell-stop.js';
import type { Values } from '../values.js';

export const reproduceCommand: Command = {
  name: 'reproduce',
  summary: 'relays: sends what is due and did not leave by itself, and prunes',
  description:
    'Run it on as many instances as you like: they do not take each other’s messages. With --once it sends what is due now, pass after pass, and ends.',
  options: [{ flags: '--once', description: 'send what is due now, and end' }, ...ENDINGS],
  examples: ['mq reproduce', 'mq reproduce --once --max-time 1m'],
  stopsOnSignal: true,
  run: (context, values) =>
    values['once'] ? sendWhatIsDue(context, values) : runConnections(context, values, { relay: true, worker: false }),
};

/** Until a pass finds nothing, or nothing that it could finish: what failed is due again later. */
async function sendWhatIsDue(context: CliContext, values: Values): Promise<void> {
  const { clock, signal } = context;
  const startedAt = clock.monotonic();
  const maxTimeMs = (values['maxTime'] as number | undefined) ?? Infinity;
  const counts = { claimed: 0, sent: 0, rescheduled: 0, dead: 0 };
  let reason = 'once';
  for (const { reproduce } of await context.open(PUBLISH)) {
    for (;;) {
      if (signal.aborted) reason = 'signal';
      else if (clock.monotonic() - startedAt >= maxTimeMs) reason = 'max-time';
      if (reason !== 'once') break;
      const pass = await reproduce.runOnce();
      for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += pass[key];
      if (pass.sent + pass.dead === 0) break;
    }
  }
  await context.close();
  tellStop(context, reason, counts, clock.monotonic() - startedAt);
}
