import { MqError } from '../../core/errors/mq-error.js';
import type { MqEvents } from '../../core/events/event-bus.js';
import type { MqEventMap, MqEventName } from '../../core/events/event-map.js';
import type { MqTopicRef } from '../../core/message/topic.js';
import { systemClock } from '../../core/runtime/system-clock.js';

/** What an event must look like: fields that it must have, or a function that knows it. */
export type EventFilter<E extends MqEventName> = EventFields<E> | ((event: MqEventMap[E]) => boolean);
type EventFields<E extends MqEventName> = { readonly [F in keyof MqEventMap[E]]?: Expected<F, MqEventMap[E][F]> };
/** A key may be published as a number; of an error a test names the code alone. */
type Expected<F, T> = F extends 'key'
  ? T | number | bigint
  : F extends 'topic'
    ? T | MqTopicRef
    : T extends object
      ? Partial<T>
      : T;

interface Happened {
  readonly name: MqEventName;
  readonly event: MqEventMap[MqEventName];
  /** Since recording began, in real milliseconds. */
  readonly atMs: number;
}

/** Tests are short; an application that runs for long beside one must not fill the memory. */
const KEPT = 10_000;
/** Lines that people read in an error. */
const SHOWN = 40;

/** Keeps what a connection tells, so that a test can wait for it, and see it when it has happened before. */
export class EventHistory {
  /** Everything that was told, also what was forgotten since. */
  count = 0;
  private kept: Happened[] = [];
  private readonly begun = systemClock.monotonic();
  private readonly waiting = new Set<() => void>();

  constructor(events: MqEvents) {
    events.onAny((name, event) => {
      this.count++;
      this.kept.push({ name, event, atMs: systemClock.monotonic() - this.begun });
      if (this.kept.length > KEPT) this.kept.shift();
      for (const look of this.waiting) look();
    });
  }

  forget(): void {
    this.kept = [];
  }

  /** The first event that fits, of those that were told and those to come. @throws {MqError} `MQ_TEST_TIMEOUT` */
  async first<E extends MqEventName>(
    name: E,
    filter: EventFilter<E>,
    timeoutMs: number,
    hint: string,
  ): Promise<MqEventMap[E]> {
    const over = new AbortController();
    let found = this.find(name, filter);
    const look = (): void => {
      found ??= this.find(name, filter);
      if (found !== undefined) over.abort();
    };
    this.waiting.add(look);
    try {
      if (found === undefined) await systemClock.sleep(timeoutMs, over.signal);
    } finally {
      this.waiting.delete(look);
    }
    if (found !== undefined) return found;
    throw new MqError(
      'MQ_TEST_TIMEOUT',
      `'${name}'${describeFilter(filter)} did not happen within ${timeoutMs} ms. ${hint}${this.describe()}`,
      { details: { event: name, timeoutMs } },
    );
  }

  /** What has happened, a line each. */
  describe(): string {
    if (this.kept.length === 0) return 'Nothing has happened.';
    const shown = this.kept.slice(-SHOWN);
    const left = this.kept.length - shown.length;
    const lines = shown.map(({ name, event, atMs }) => `\n  ${Math.round(atMs)} ms  ${name}  ${describeEvent(event)}`);
    return `This did happen:${left > 0 ? `\n  (${left} earlier)` : ''}${lines.join('')}`;
  }

  private find<E extends MqEventName>(name: E, filter: EventFilter<E>): MqEventMap[E] | undefined {
    return this.kept.find((one) => one.name === name && fits(one.event as MqEventMap[E], filter))?.event as
      MqEventMap[E] | undefined;
  }
}

function fits<E extends MqEventName>(event: MqEventMap[E], filter: EventFilter<E>): boolean {
  if (typeof filter === 'function') return filter(event);
  const fields = event as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(filter).every(([field, wanted]) => wanted === undefined || isSame(fields[field], wanted));
}

/** As texts as well: a key may be published as a number, and is told as a text. Of objects, what the filter names. */
function isSame(told: unknown, wanted: unknown): boolean {
  if (told === wanted) return true;
  if (typeof told === 'string' && (typeof wanted === 'number' || typeof wanted === 'bigint'))
    return told === `${wanted}`;
  if (typeof wanted !== 'object' || wanted === null || typeof told !== 'object' || told === null) return false;
  return Object.entries(wanted).every(([field, value]) => isSame((told as Record<string, unknown>)[field], value));
}

function describeFilter(filter: EventFilter<never> | object): string {
  if (typeof filter === 'function') return ' that fits the filter';
  const fields = describeFields(filter as Record<string, unknown>);
  return fields === '' ? '' : ` with ${fields}`;
}

function describeEvent(event: object): string {
  return describeFields(event as Record<string, unknown>);
}

function describeFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${field}=${describeValue(value)}`)
    .join(' ');
}

function describeValue(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const { code, message } = value as { code?: unknown; message?: unknown };
  return code === undefined ? '{…}' : `${JSON.stringify(code)} (${JSON.stringify(message)})`;
}
