import { readProperty } from '../runtime/read-property.js';

const MAX_NAME = 128;
const MAX_MESSAGE = 500;
const MAX_STACK = 16_000;
/** Of what an error has gathered, so many are told, and so much of each and of what they are gathered under. */
const MAX_INNER = 3;
const MAX_INNER_TEXT = 100;
const MAX_AGGREGATE_TEXT = 150;
/** An AggregateError may hold others, or itself. */
const MAX_DEPTH = 2;

interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
}

/**
 * What of an unknown thrown value may go into a table or a log line: bounded, and never a payload of ours.
 *
 * The one place that looks into such a value, because anything can be thrown: `undefined`, a symbol, an object without a
 * prototype, a proxy whose every trap throws, an `Error` whose `message` is an object. It cannot throw itself: an exception
 * on the way of an exception would leave a message without a result, and as a rejection that nobody awaits it ends the process.
 */
export function describeError(error: unknown): ErrorDescription {
  try {
    return { name: nameOf(error), message: messageOf(error, 0), stack: stackOf(error) };
  } catch {
    return { name: 'unknown', message: 'something was thrown that cannot be looked at', stack: null };
  }
}

function nameOf(error: unknown): string {
  if (error === null) return 'null';
  const names = [readProperty(error, 'name'), readProperty(readProperty(error, 'constructor'), 'name')];
  const name = names.find((candidate) => typeof candidate === 'string' && candidate !== '') as string | undefined;
  return truncate(name ?? typeof error, MAX_NAME);
}

function messageOf(error: unknown, depth: number): string {
  if (typeof error === 'string') return truncate(error, MAX_MESSAGE);
  if (typeof error === 'function') return 'a function was thrown instead of an error';
  if (typeof error !== 'object' || error === null) return truncate(String(error), MAX_MESSAGE);
  const own = ownMessage(error);
  const inner = depth < MAX_DEPTH ? gathered(error, depth) : '';
  return inner === '' ? truncate(own, MAX_MESSAGE) : `${truncate(own, MAX_AGGREGATE_TEXT)} (${inner})`;
}

/** Nothing of a message that is no text: it may be the payload, or hold it. */
function ownMessage(error: object): string {
  const message = readProperty(error, 'message');
  if (typeof message === 'string') return message === '' ? nameOf(error) : message;
  return message === undefined ? `${nameOf(error)} without a message` : `its message is no text but ${kindOf(message)}`;
}

/** `3 errors: first; second; third`, or nothing for an error that has gathered none. */
function gathered(error: object, depth: number): string {
  const errors = readProperty(error, 'errors');
  if (!isArray(errors) || errors.length === 0) return '';
  const told = errors.slice(0, MAX_INNER).map((inner) => truncate(innerText(inner, depth + 1), MAX_INNER_TEXT));
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
  return `${count}: ${told.join('; ')}${errors.length > MAX_INNER ? '; …' : ''}`;
}

function innerText(error: unknown, depth: number): string {
  const name = nameOf(error);
  const message = messageOf(error, depth);
  return typeof error !== 'object' || name === 'Error' || message.startsWith(name) ? message : `${name}: ${message}`;
}

function stackOf(error: unknown): string | null {
  const stack = readProperty(error, 'stack');
  return typeof stack === 'string' ? truncate(stack, MAX_STACK) : null;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** `Array.isArray` throws for a proxy that was revoked. */
function isArray(value: unknown): value is unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function truncate(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
