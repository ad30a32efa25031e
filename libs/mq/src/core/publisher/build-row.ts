import type { ResolvedOptions, ResolvedTopic } from '../config/resolved-options.js';
import { describeError } from '../errors/describe-error.js';
import { MqError } from '../errors/mq-error.js';
import { toOutbound } from '../message/outbound.js';
import { LAST_TIME } from '../runtime/last-time.js';
import { callUser, disown } from '../runtime/user-code.js';
import { tryParseDuration } from '../runtime/duration.js';
import { openKeyOf } from '../store/order-key.js';
import type { NewOutboxRow } from '../store/outbox-row.js';
import type { Violation } from '../transport/transport.js';
import type { NewMessage } from './new-message.js';

/** What the columns hold, in characters. */
const MAX_KEY = 128;
const MAX_TAG = 128;
/** Stays clear of the broker's own limit: its clock and the database's are not the same. */
const HORIZON_MARGIN = 0.98;

/**
 * Checks one message against its topic and everything that the wire cannot carry, and makes its row. Inside the
 * caller's transaction, so that what could never be sent is refused while somebody can still react.
 */
export function buildRow(
  options: ResolvedOptions,
  topic: ResolvedTopic,
  message: NewMessage,
  id: string,
  now: number,
): NewOutboxRow {
  const invalid = (field: string, problem: string): MqError =>
    new MqError('MQ_MESSAGE_INVALID', `publish('${topic.alias}'): ${field} ${problem}.`, {
      details: { topic: topic.alias, field },
    });

  const key = message.key === undefined ? id : text(message.key);
  if (key === null || key === '' || key.length > MAX_KEY) throw invalid('key', `must have 1 to ${MAX_KEY} characters`);
  if (message.tag !== undefined && (typeof message.tag !== 'string' || message.tag === ''))
    throw invalid('tag', 'must be a text that is not empty');
  if (message.tag === undefined && options.tagSuffix !== '') {
    throw invalid(
      'tag',
      `is missing: with tagSuffix '${options.tagSuffix}' a message without a tag would reach the other environments`,
    );
  }
  const tag = message.tag === undefined ? null : message.tag + options.tagSuffix;
  if (tag !== null && tag.length > MAX_TAG)
    throw invalid('tag', `must not be longer than ${MAX_TAG} characters, suffix included`);

  const orderingKey = message.orderingKey === undefined ? null : text(message.orderingKey);
  if (message.orderingKey !== undefined) {
    if (orderingKey === null || orderingKey === '' || orderingKey.length > MAX_KEY)
      throw invalid('orderingKey', `must have 1 to ${MAX_KEY} characters`);
    if (!topic.ordered)
      throw invalid(
        'orderingKey',
        `needs an ordered topic: set topics.${topic.alias}.ordered, and create it as ordered at the broker`,
      );
  }
  const deliver = deliveryTime(message, now, invalid);
  if (deliver && orderingKey !== null)
    throw invalid('orderingKey', 'and a delivery time exclude each other: a message that waits would hold up its key');

  const horizonMs = Math.floor(options.transport.capabilities.limits.delayMs * HORIZON_MARGIN);
  const inMs = deliver === null ? 0 : 'at' in deliver ? deliver.at - now : deliver.inMs;
  const payload = encode(topic, message.payload);
  const row: NewOutboxRow = {
    id,
    connection: options.connection,
    broker: options.transport.identity,
    topicAlias: topic.alias,
    topic: topic.topic,
    instanceId: topic.instanceId,
    tag,
    key,
    orderingKey,
    openKey: orderingKey === null ? null : openKeyOf(topic.alias, orderingKey),
    payload,
    payloadEncoding: null,
    payloadBytes: Buffer.byteLength(payload),
    headers: encodeHeaders(message.headers, invalid),
    settleGroup: topic.settleOn?.group ?? null,
    settleWithinMs: topic.settleOn?.withinMs ?? null,
    maxAttempts: options.reproduce.maxAttempts,
    replayOf: null,
    targetGroup: null,
    deliver,
    leased: inMs <= horizonMs,
    horizonMs,
  };
  const onWire = toOutbound(row, deliver === null ? null : now + Math.min(inMs, horizonMs));
  const violations = options.transport.validateMessage(onWire);
  if (violations.length > 0) throw refused(topic, options.transport.name, violations);
  return row;
}

function text(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value) : null;
}

function deliveryTime(
  message: NewMessage,
  now: number,
  invalid: (field: string, problem: string) => MqError,
): NewOutboxRow['deliver'] {
  if (message.deliverAt !== undefined && message.delay !== undefined)
    throw invalid('delay', 'and deliverAt exclude each other');
  if (message.deliverAt !== undefined) {
    const at = message.deliverAt instanceof Date ? message.deliverAt.getTime() : Number.NaN;
    if (!Number.isFinite(at)) throw invalid('deliverAt', 'must be a valid Date');
    return { at };
  }
  if (message.delay === undefined) return null;
  const inMs = tryParseDuration(message.delay);
  if (inMs === undefined) throw invalid('delay', "must be milliseconds or a text like '10s', '5m', '1h', '7d'");
  if (now + inMs > LAST_TIME) throw invalid('delay', 'ends after the last time that a Date can be');
  return inMs === 0 ? null : { inMs };
}

function encodeHeaders(
  headers: Record<string, string> | undefined,
  invalid: (field: string, problem: string) => MqError,
): string | null {
  if (headers === undefined) return null;
  if (!isPlainObject(headers)) throw invalid('headers', "must be a plain object of texts, like { tenant: 'north' }");
  if (Object.keys(headers).length === 0) return null;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') throw invalid(`headers.${name}`, 'must be a text');
  }
  return JSON.stringify(headers);
}

/** Also one of another realm. Of a Map, of fetch's Headers, of what a class answers by getters, JSON would keep nothing. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function encode(topic: ResolvedTopic, payload: unknown): string {
  try {
    const body: unknown = callUser(() => topic.codec.encode(payload));
    if (typeof body === 'string') return body;
    disown(body);
    throw new TypeError(`the codec must answer a text, and answered ${body === null ? 'null' : typeof body}`);
  } catch (cause) {
    const why = describeError(cause).message;
    throw new MqError('MQ_PAYLOAD_INVALID', `publish('${topic.alias}'): the payload cannot be encoded: ${why}.`, {
      details: { topic: topic.alias },
      cause,
    });
  }
}

function refused(topic: ResolvedTopic, transport: string, violations: readonly Violation[]): MqError {
  const listed = violations.map(({ path, problem }) => `${path} ${problem}`).join('; ');
  const tooLarge = violations.find((violation) => violation.tooLarge)?.tooLarge;
  const message = `publish('${topic.alias}'): ${transport} cannot carry this message: ${listed}.`;
  const details = {
    topic: topic.alias,
    violations: violations.map(({ path, problem }) => ({ path, problem })),
    ...tooLarge,
  };
  if (tooLarge) return new MqError('MQ_PAYLOAD_TOO_LARGE', message, { details });
  return new MqError(
    violations.some(({ path }) => path === 'body') ? 'MQ_PAYLOAD_INVALID' : 'MQ_MESSAGE_INVALID',
    message,
    { details },
  );
}
