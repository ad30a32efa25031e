import type { ResolvedTopic } from '../config/resolved-options.js';
import { MESSAGE_FIELDS, type NewMessage } from '../message/new-message.js';
import { schemaFor, tagsOf, type TopicSchemas } from '../message/topic.js';
import { tryParseDuration } from '../runtime/duration.js';
import { LAST_TIME } from '../runtime/last-time.js';
import { nearest } from '../runtime/nearest.js';
import type { NewOutboxRow } from '../store/outbox-row.js';
import type { MessageProblems } from './message-problems.js';

/** What the columns hold, in characters. */
const MAX_KEY = 128;
const MAX_TAG = 128;

/** Each of these reads a field of a message, and answers a stand-in for what is wrong with it. */

/** A misspelt field would be a message without its tag, or one that is sent at once. */
export function checkFields(problems: MessageProblems, message: NewMessage): void {
  for (const [name, value] of Object.entries(message)) {
    if (value === undefined || MESSAGE_FIELDS.some((field) => field === name)) continue;
    problems.add(name, `is no field of a message${didYouMean(fieldLike(name))} Known: ${MESSAGE_FIELDS.join(', ')}`);
  }
}

export function keyOf(problems: MessageProblems, message: NewMessage): string | null {
  if (message.key === undefined) return null;
  const key = text(message.key);
  if (key !== null && key !== '' && key.length <= MAX_KEY) return key;
  problems.add('key', `must have 1 to ${MAX_KEY} characters`);
  return null;
}

/** With the suffix of the environment. */
export function tagOf(
  problems: MessageProblems,
  { tag }: NewMessage,
  schemas: TopicSchemas | null,
  suffix: string,
): string | null {
  const known = schemas === null ? null : tagsOf(schemas);
  if (tag === undefined) {
    if (known !== null) problems.add('tag', `is missing: the topic has a schema for each of ${known.join(', ')}`);
    else if (suffix !== '')
      problems.add(
        'tag',
        `is missing: with tagSuffix '${suffix}' a message without a tag would reach the other environments`,
      );
    return null;
  }
  if (typeof tag !== 'string' || tag === '') {
    problems.add('tag', 'must be a text that is not empty');
    return null;
  }
  if (known !== null && schemaFor(schemas!, tag) === null)
    problems.add('tag', `'${tag}' has no schema${didYouMean(nearest(tag, known))} Known: ${known.join(', ')}`);
  const wireTag = tag + suffix;
  if (wireTag.length <= MAX_TAG) return wireTag;
  problems.add('tag', `must not be longer than ${MAX_TAG} characters, suffix included`);
  return null;
}

export function orderingKeyOf(
  problems: MessageProblems,
  message: NewMessage,
  { alias, ordered }: ResolvedTopic,
): string | null {
  if (message.orderingKey === undefined) return null;
  const orderingKey = text(message.orderingKey);
  if (orderingKey === null || orderingKey === '' || orderingKey.length > MAX_KEY)
    problems.add('orderingKey', `must have 1 to ${MAX_KEY} characters`);
  else if (!ordered)
    problems.add(
      'orderingKey',
      `needs an ordered topic: set topics.${alias}.ordered, and create it as ordered at the broker`,
    );
  else return orderingKey;
  return null;
}

export function deliveryTime(problems: MessageProblems, message: NewMessage, now: number): NewOutboxRow['deliver'] {
  const { deliverAt, delay } = message;
  if (deliverAt !== undefined && delay !== undefined) problems.add('delay', 'and deliverAt exclude each other');
  const at = deliverAt instanceof Date ? deliverAt.getTime() : Number.NaN;
  if (deliverAt !== undefined && !Number.isFinite(at)) problems.add('deliverAt', 'must be a valid Date');
  const inMs = delay === undefined ? 0 : tryParseDuration(delay);
  if (inMs === undefined) problems.add('delay', "must be milliseconds or a text like '10s', '5m', '1h', '7d'");
  else if (now + inMs > LAST_TIME) problems.add('delay', 'ends after the last time that a Date can be');
  else if (Number.isFinite(at)) return { at };
  else if (inMs > 0) return { inMs };
  return null;
}

/** As one JSON text. */
export function encodeHeaders(problems: MessageProblems, headers: Record<string, string> | undefined): string | null {
  if (headers === undefined) return null;
  if (!isPlainObject(headers)) {
    problems.add('headers', "must be a plain object of texts, like { tenant: 'north' }");
    return null;
  }
  const wrong = Object.keys(headers).filter((name) => typeof headers[name] !== 'string');
  for (const name of wrong) problems.add(`headers.${name}`, 'must be a text');
  return wrong.length > 0 || Object.keys(headers).length === 0 ? null : JSON.stringify(headers);
}

/** Also one with something behind it: `delayTime`. */
function fieldLike(name: string): string | undefined {
  return nearest(name, MESSAGE_FIELDS) ?? MESSAGE_FIELDS.find((field) => name.startsWith(field));
}

function didYouMean(name: string | undefined): string {
  return name === undefined ? '.' : `, did you mean ${name}?`;
}

function text(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value) : null;
}

/** Also one of another realm. Of a Map, of fetch's Headers, of what a class answers by getters, JSON would keep nothing. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
