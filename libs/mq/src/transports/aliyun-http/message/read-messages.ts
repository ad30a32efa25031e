import { describeError } from '../../../core/errors/describe-error.js';
import type { Clock } from '../../../core/runtime/clock.js';
import { bodyOf } from '../../../core/message/body.js';
import type { Delivery } from '../../../core/transport/transport.js';
import { brokenAnswer, brokerError, header, refusal } from '../refusal.js';
import type { HttpAnswer } from '../wire/http-exchange.js';
import { messageElements } from './message-elements.js';
import { childBytes, childText, type XmlElement } from '../wire/parse-xml.js';
import { md5 } from './read-receipt.js';
import { parseProperties } from './received-properties.js';

/** `Date` has whole seconds, so the broker's clock may be almost one further; a lease must not be thought longer than it is. */
const DATE_RESOLUTION_MS = 1_000;

export interface ReceiveContext {
  readonly clock: Clock;
  /** What a lease is if the answer does not tell, and the longest that is believed. */
  readonly defaultLeaseMs: number;
  readonly ordered: boolean;
}

/**
 * The deliveries of an answer to a poll; `[]` for the broker's "nothing there".
 *
 * A success without messages is an answer that makes no sense, not an empty poll: it would not have waited, and the poll
 * loop would spin. One message that makes no sense says nothing about the others.
 *
 * @throws {TransportError}
 */
export function readMessages(answer: HttpAnswer, context: ReceiveContext): Delivery[] {
  if (answer.status !== 200) {
    if (answer.status === 404 && brokerError(answer)?.code === 'MessageNotExist') return [];
    throw refusal(answer, context.clock);
  }
  const found: Delivery[] = [];
  let problem = 'no messages';
  try {
    for (const { element, broken } of messageElements(answer.body)) {
      try {
        found.push(readMessage(element, broken, answer, context));
      } catch (error) {
        problem = describeError(error).message;
        // What follows it on an ordered topic may be of the same key, and must not overtake it.
        if (context.ordered) break;
      }
    }
  } catch (error) {
    throw brokenAnswer(answer, describeError(error).message);
  }
  if (found.length > 0) return found;
  throw brokenAnswer(answer, problem);
}

/** @throws for one that could not be acknowledged: it is left to its lease's end, when it comes again */
function readMessage(
  element: XmlElement,
  broken: Buffer | null,
  answer: HttpAnswer,
  context: ReceiveContext,
): Delivery {
  const bytes = broken ?? childBytes(element, 'MessageBody') ?? Buffer.alloc(0);
  const unreadable = bodyProblem(element, bytes, broken !== null);
  const { key, orderingKey, properties } = parseProperties(childText(element, 'Properties'));
  return {
    message: {
      brokerMessageId: required(element, 'MessageId'),
      tag: childText(element, 'MessageTag') || null,
      key,
      body: bodyOf(bytes),
      ...(unreadable !== null && { unreadable }),
      properties,
      orderingKey,
      publishedAt: numberOf(element, 'PublishTime') ?? context.clock.now(),
    },
    deliveryCount: Math.max(1, numberOf(element, 'ConsumedTimes') ?? 1),
    leaseEndsAt: answer.arrivedAt + leaseMs(element, answer, context),
    handle: required(element, 'ReceiptHandle'),
  };
}

/**
 * The digest is that of the bytes which the producer sent. Brokers that know other protocols too hand out what is no text
 * as they please: as it is, or with each wrong byte replaced, which only the digest tells.
 */
function bodyProblem(element: XmlElement, body: Buffer, isBroken: boolean): string | null {
  const digest = childText(element, 'MessageBodyMD5')?.trim();
  if (!digest) return isBroken ? 'it breaks the XML around it' : null;
  return digest.toUpperCase() === md5(body) ? null : 'its digest is not that of its body';
}

/** Both instants are the broker's, so a wrong clock on this machine does not matter. */
function leaseMs(element: XmlElement, answer: HttpAnswer, context: ReceiveContext): number {
  const date = Date.parse(header(answer, 'date') ?? '');
  const next = numberOf(element, 'NextConsumeTime');
  if (Number.isNaN(date) || next === null) return context.defaultLeaseMs;
  return Math.min(context.defaultLeaseMs, Math.max(0, next - date - DATE_RESOLUTION_MS));
}

function required(element: XmlElement, name: string): string {
  const text = childText(element, name)?.trim();
  if (!text) throw new Error(`a message without ${name}`);
  return text;
}

function numberOf(element: XmlElement, name: string): number | null {
  const text = childText(element, name)?.trim();
  const value = Number(text);
  return text && Number.isFinite(value) ? value : null;
}
