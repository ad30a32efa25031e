import type { Connection } from '../boot/connections.js';
import type { CliContext } from '../cli-context.js';
import { pauseRows } from '../status/print-status.js';

export async function listPauses({ out, json, clock }: CliContext, connections: readonly Connection[]): Promise<void> {
  const pauses = (await Promise.all(connections.map(({ admin }) => admin.pauses()))).flat();
  if (json) out.json(pauses);
  else if (pauses.length === 0) out.text('nothing is paused');
  else out.table(pauseRows(pauses, new Date(clock.now())));
}
