import { describeError } from '../errors/describe-error.js';
import type { MqCodec } from '../message/codec.js';
import { callUser, disown } from '../runtime/user-code.js';
import type { MessageProblems } from './message-problems.js';

/** The payload as its topic's codec writes it; nothing if it cannot. */
export function encodePayload(problems: MessageProblems, codec: MqCodec, payload: unknown): string {
  try {
    const body: unknown = callUser(() => codec.encode(payload));
    if (typeof body === 'string') return body;
    disown(body);
    throw new TypeError(`the codec must answer a text, and answered ${body === null ? 'null' : typeof body}`);
  } catch (cause) {
    problems.addPayload(`the payload cannot be encoded: ${describeError(cause).message}`, cause);
    return '';
  }
}
