import { describeError } from '../../core/errors/describe-error.js';
import type { Happening } from '../../core/store/happening.js';
import type { Connection } from '../boot/connections.js';
import type { CliContext } from '../cli-context.js';
import { untilAborted } from '../running/until-aborted.js';
import { Fresh } from './fresh.js';

const EVERY_MS = 1_000;

export interface TailFilter {
  readonly topic?: string | undefined;
  readonly group?: string | undefined;
  readonly status?: string | undefined;
}

/** Shows what happens on one connection until somebody ends it. Goes on when the database is away. */
export async function tail(
  context: CliContext,
  { connection, runtime }: Connection,
  backMs: number,
  filter: TailFilter,
): Promise<void> {
  const { clock, signal, out, err, json } = context;
  const aliases = new Map([...runtime.options.groups].map(([alias, { groupId }]) => [groupId, alias]));
  const fresh = new Fresh(backMs);
  let firstMs = backMs;
  while (!signal.aborted) {
    try {
      const read = await untilAborted(signal, () =>
        runtime.evidence.happenings(firstMs, (groupId) => aliases.get(groupId) ?? groupId),
      );
      if (read === null) return;
      firstMs = 0;
      const { happenings, missed } = fresh.take(read);
      if (missed) err.line(`${connection}: more has happened than is shown here`);
      for (const happening of happenings.filter((one) => matches(one, filter))) {
        if (json) out.line(documentOf(connection, happening));
        else out.text(lineOf(happening));
      }
    } catch (error) {
      err.line(`${connection}: the database does not answer: ${describeError(error).message}`);
    }
    await clock.sleep(EVERY_MS, signal);
  }
}

function matches({ topic, group, what }: Happening, filter: TailFilter): boolean {
  return (
    (filter.topic === undefined || topic === filter.topic) &&
    (filter.group === undefined || group === filter.group) &&
    (filter.status === undefined || what === filter.status)
  );
}

function documentOf(connection: string, happening: Happening): object {
  const { at, what, topic, group, messageId, messageKey: key, tag, code, text } = happening;
  return { connection, at: new Date(at), what, topic, group, messageId, key, tag, code, text };
}

function lineOf({ at, what, topic, group, messageId, messageKey, code, text }: Happening): string {
  const of = [topic, group].filter((name) => name !== null).join('/');
  const key = messageKey === null || messageKey === messageId ? null : `key ${messageKey}`;
  const parts = [new Date(at).toISOString(), what.padEnd(14), of, messageId, key, code, text];
  return parts.filter((part) => part !== null && part !== '').join('  ');
}
