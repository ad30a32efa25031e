import type { BootMode } from '../../nest/boot-mode.js';
import { RUN } from '../boot/boot-modes.js';
import type { Connection } from '../boot/connections.js';
import type { CliContext } from '../cli-context.js';
import { EXIT } from '../exit-codes.js';
import type { Values } from '../values.js';
import { isIdle } from './is-idle.js';
import { MessageLimit } from './message-limit.js';
import { tellStop } from './tell-stop.js';
import { untilStopped } from './until-stopped.js';
import { Work } from './work.js';

interface Wanted extends Pick<BootMode, 'relay' | 'worker' | 'groups'> {
  /** Called when everything is built. What it throws ends the command. */
  readonly check?: (connections: readonly Connection[]) => void;
}

/** Runs consumers, the relay, or both, until one of the endings comes; then drains, and says why it stopped and what it did. */
export async function runConnections(context: CliContext, values: Values, wanted: Wanted): Promise<number> {
  const { clock } = context;
  const limit = new MessageLimit(values['maxMessages'] as number, values['concurrency'] as number);
  const work = new Work(clock, (deliveries) => limit.progress(deliveries));
  const startedAt = clock.monotonic();
  const { check, ...parts } = wanted;
  const connections = await context.open({
    ...RUN,
    ...parts,
    prepare(built) {
      limit.add(built);
      work.listen(built.events);
    },
  });
  check?.(connections);
  const reason = await untilStopped(
    {
      maxTimeMs: values['maxTime'] as number | undefined,
      memoryBytes: values['memory'] as number | undefined,
      emptyMs: values['stopWhenEmpty'] as number | undefined,
    },
    {
      clock,
      signal: context.signal,
      enough: limit.reached,
      memory: () => process.memoryUsage.rss(),
      isIdle: async () => (await Promise.all(connections.map(isIdle))).every(Boolean),
      lastWorkAt: () => work.lastAt,
    },
  );
  context.err.line(`stopping (${reason}): what is under way is finished`);
  await context.close();
  tellStop(context, reason, work.counts, clock.monotonic() - startedAt);
  return reason === 'memory' ? EXIT.memory : EXIT.ok;
}
