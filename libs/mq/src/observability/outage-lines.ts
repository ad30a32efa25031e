import { countOf } from '../core/runtime/count-of.js';
import { inWords } from '../core/runtime/in-words.js';
import type { MqLogFields } from './log-line.js';
import type { Outage } from './outage.js';
import type { OutageCause } from './outage-cause.js';

interface Line {
  readonly text: string;
  readonly fields: Omit<MqLogFields, 'event'>;
}

/** What one topic or broker that is away means for the others. */
const MEANWHILE = {
  database: 'Consumers wait for it, nothing is lost, and everything goes on by itself',
  broker: 'Messages wait in the outbox, no group gets any, and everything goes on by itself',
  topic: 'Its messages wait in the outbox, those of other topics are sent',
  part: 'Messages for it wait in the outbox, others are sent',
};

export function outageBegan(outage: Outage, broker: string): Line {
  const { cause, error } = outage;
  return {
    text: `${nameOf(cause, broker)} cannot be used: ${error.message}. ${meanwhile(cause)}; the next line comes in a minute`,
    fields: fieldsOf(outage),
  };
}

export function outageGoesOn(
  outage: Outage,
  broker: string,
  { lastedMs, waiting }: { readonly lastedMs: number; readonly waiting: number | null },
): Line {
  const { cause, since, error, polls } = outage;
  const waits = waiting === null ? 'nobody can count what waits' : `${countOf(waiting, 'message')} in the outbox`;
  const inVain = polls > 0 ? `, the polls of ${countOf(polls, 'group')} fail` : '';
  return {
    text:
      `${nameOf(cause, broker)} has not been usable for ${inWords(lastedMs)}, since ${since.toISOString()}: ` +
      `${waits}${inVain}. Last: ${error.message}`,
    fields: { ...fieldsOf(outage), durationMs: lastedMs, ...(waiting !== null && { waiting }) },
  };
}

export function outageEnded(
  outage: Outage,
  broker: string,
  { lastedMs, sent }: { readonly lastedMs: number; readonly sent: number },
): Line {
  const since = outage.cause === 'database' ? '' : `; ${countOf(sent, 'message')} left since`;
  return {
    text: `${nameOf(outage.cause, broker)} can be used again, after ${inWords(lastedMs)}${since}`,
    fields: { ...fieldsOf(outage), durationMs: lastedMs, count: sent },
  };
}

/** As a reason of health. */
export function describeOutage({ cause, error }: Outage, broker: string): string {
  return `${nameOf(cause, broker)} cannot be used (${error.code}): ${error.message}. ${meanwhile(cause)}`;
}

function nameOf(cause: OutageCause, broker: string): string {
  if (cause === 'database') return 'the database';
  if (cause === 'broker') return `the broker (${broker})`;
  return `${cause} (${broker})`;
}

function meanwhile(cause: OutageCause): string {
  if (cause === 'database' || cause === 'broker') return MEANWHILE[cause];
  return cause.startsWith('topic ') ? MEANWHILE.topic : MEANWHILE.part;
}

function fieldsOf({ since, error }: Outage): Omit<MqLogFields, 'event'> {
  return { code: error.code, since: since.toISOString() };
}
