import { HttpException } from '@nestjs/common';
import { isA } from '../../core/errors/is-a.js';
import { Refusal } from '../../core/errors/refusal.js';
import type { MqMessage } from '../../core/message/message.js';
import { readProperty } from '../../core/runtime/read-property.js';

/** Answers of HTTP that say that the request is wrong, and would be at the next attempt. */
const PERMANENT: ReadonlySet<unknown> = new Set([400, 403, 413, 415, 422]);
const MAX_REASON = 250;

export type Refuser = 'guard' | 'pipe';

/** Makes the error with which a message is parked at once of what a guard or pipe threw; `null` if it means no such thing. */
export function refusalOf(error: unknown, by: Refuser, handler: string, { id }: MqMessage): Refusal | null {
  if (!isA(error, HttpException)) return null;
  const status = readProperty(error, 'status');
  if (!PERMANENT.has(status)) return null;
  const options = { details: { handler, messageId: id, status }, cause: error };
  const what = `${handler} refused message ${id}, so it was parked without another attempt: ${reasonOf(error)}`;
  return by === 'guard'
    ? new Refusal(
        'MQ_FORBIDDEN',
        `A guard of ${what}. If the guard is right, discard it; else correct the guard and replay it.`,
        options,
      )
    : new Refusal(
        'MQ_PAYLOAD_INVALID',
        `A pipe of ${what}. Correct whoever publishes it, or what the pipe asks for, and replay it.`,
        options,
      );
}

/** What `ValidationPipe` found stands in the response; the exception itself only says "Bad Request Exception". */
function reasonOf(error: HttpException): string {
  const told = readProperty(readProperty(error, 'response'), 'message');
  const texts = (Array.isArray(told) ? (told as unknown[]) : [told]).filter((text) => typeof text === 'string');
  const reason = texts.length > 0 ? texts.join('; ') : String(readProperty(error, 'message'));
  return reason.length <= MAX_REASON ? reason : `${reason.slice(0, MAX_REASON - 1)}…`;
}
