import { inspect } from 'node:util';
import { oneLine } from '../core/runtime/one-line.js';
import type { MqLogEvent } from './log-events.js';

/** What a line is about, as fields; those that do not apply are missing. Never a payload or a secret. */
export interface MqLogFields {
  /** Stable name of the line, by which it can be searched for and counted. */
  readonly event: MqLogEvent;
  readonly messageId?: string;
  /** Alias. */
  readonly topic?: string;
  /** Alias. */
  readonly group?: string;
  readonly attempt?: number;
  /** Of the error: `MQ_…`. */
  readonly code?: string;
  readonly durationMs?: number;
  /** Class of the error that a handler threw. */
  readonly errorClass?: string;
  /** Where it was thrown: class, message, and a line for each frame. */
  readonly stack?: string;
  /** When it began, in ISO 8601. */
  readonly since?: string;
  /** Messages that wait in the outbox; 1,000 for a topic stands for that many or more. */
  readonly waiting?: number;
  /** How many of whatever the line tells of. */
  readonly count?: number;
  /** Lines of the same cause that were left out since the last one. */
  readonly suppressed?: number;
}

/**
 * One log line, as it is handed to `log.logger`: a sentence and its fields.
 *
 * Loggers disagree about objects, so this one is made for all of them. Whoever makes a text of it (`String(line)`, a template,
 * `console.log`, the text of Nest's ConsoleLogger) gets the sentence. Whoever makes JSON of it gets `message` and the fields. pino
 * copies an object's own properties and prints `msg`; winston asks for `message`, which therefore stands on the prototype,
 * where pino does not see it a second time.
 *
 * @example
 * const logger: MqLogger = { warn: (line) => alarm((line as MqLogLine).event), … };
 */
export class MqLogLine {
  readonly msg: string;
  declare readonly event: MqLogEvent;
  declare readonly messageId?: string;
  declare readonly topic?: string;
  declare readonly group?: string;
  declare readonly attempt?: number;
  declare readonly code?: string;
  declare readonly durationMs?: number;
  declare readonly errorClass?: string;
  declare readonly stack?: string;
  declare readonly since?: string;
  declare readonly waiting?: number;
  declare readonly count?: number;
  declare readonly suppressed?: number;

  /** Every text is reduced to one line without control characters, but `stack`, which is one for each frame. */
  constructor(text: string, fields: MqLogFields) {
    this.msg = oneLine(text);
    for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
      if (value === undefined) continue;
      const isText = typeof value === 'string' && name !== 'stack';
      Object.assign(this, { [name]: isText ? oneLine(value) : value });
    }
  }

  /** The sentence. */
  get message(): string {
    return this.msg;
  }

  toString(): string {
    return this.msg;
  }

  toJSON(): { message: string } & MqLogFields {
    const { msg, ...fields } = this;
    return { message: msg, ...fields };
  }

  /** As text a stack follows its sentence, as everywhere in Node. */
  [inspect.custom](): string {
    const frames = this.stack?.split('\n').slice(1) ?? [];
    return [this.msg, ...frames].join('\n');
  }
}
