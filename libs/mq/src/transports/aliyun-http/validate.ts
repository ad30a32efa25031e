import type { MessageBody } from '../../core/message/body.js';
import { xmlUnfit } from '../../core/message/xml-unfit.js';
import { limitViolations } from '../../core/transport/limit-violations.js';
import type { OutboundMessage, SubscriptionSpec, Violation } from '../../core/transport/transport.js';
import { CAPABILITIES, NAMES } from './profile.js';
import { toWireProperty } from './wire/trace-state.js';
import { renderProperties } from './wire/wire-text.js';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const RESERVED = new Set(['KEYS', '__STARTDELIVERTIME', '__TransCheckT', '__SHARDINGKEY', '__proto__']);
/** What every SDK of this protocol refuses in a property. */
const PROPERTY_FORBIDDEN = /[:|&<>"']/;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

/** What the wire cannot carry of a message. `instanceId` is the one that counts, the transport's own included. */
export function validateMessage(message: OutboundMessage, instanceId: string | null, now: number): Violation[] {
  const found: Violation[] = [];
  const add = (path: string, problem: string | null): void => {
    if (problem) found.push({ path, problem });
  };
  add('topic', nameProblem(message.topic));
  if (instanceId !== null) add('instanceId', nameProblem(instanceId));
  add('body', bodyProblem(message.body));
  if (message.tag !== null) add('tag', tagProblem(message.tag));
  add('key', keyProblem(message.key));
  if (message.orderingKey !== null) add('orderingKey', keyProblem(message.orderingKey));
  if (message.deliverAt !== null && !Number.isSafeInteger(message.deliverAt))
    add('deliverAt', 'is no time in whole milliseconds');
  for (const [name, value] of wireProperties(message)) {
    add(`properties.${name}`, RESERVED.has(name) ? 'is a name of the protocol itself' : propertyProblem(name, value));
  }
  const bytes = Buffer.byteLength(renderProperties(protocolProperties(message)), 'utf8');
  found.push(...limitViolations(message, CAPABILITIES.limits, bytes, now));
  return found;
}

/** What the broker would refuse of a subscription, or read as something else. */
export function validateSubscription(spec: SubscriptionSpec, instanceId: string | null): Violation[] {
  const found: Violation[] = [];
  const add = (path: string, problem: string | null): void => {
    if (problem) found.push({ path, problem });
  };
  add('topic', nameProblem(spec.topic));
  add('groupId', nameProblem(spec.groupId));
  if (instanceId !== null) add('instanceId', nameProblem(instanceId));
  for (const tag of spec.tags ?? []) add('tags', tagProblem(tag));
  const names = spec.groupId.length + spec.topic.length + (instanceId?.length ?? 0);
  if (names > NAMES.together)
    add('groupId', `group, topic and instance have ${names} characters together; the broker takes ${NAMES.together}`);
  const line = encodeURIComponent(spec.tags?.join('||') ?? '').length + names + 90;
  if (line > NAMES.requestLine)
    add('tags', `make a request line of ${line} characters; the broker takes ${NAMES.requestLine}`);
  return found;
}

/** All properties of a message, those of the protocol first. */
export function protocolProperties(message: OutboundMessage): [string, string][] {
  return [
    ['KEYS', message.key],
    ...(message.orderingKey === null ? [] : [['__SHARDINGKEY', message.orderingKey] as [string, string]]),
    ...(message.deliverAt === null ? [] : [['__STARTDELIVERTIME', String(message.deliverAt)] as [string, string]]),
    ...wireProperties(message),
  ];
}

/** The properties of a message besides those of the protocol. */
export function wireProperties({ properties }: OutboundMessage): [string, string][] {
  return Object.entries(properties).map(toWireProperty);
}

/** Names stand in the URL unescaped, where `&ns=` or `#` would mean something else. */
function nameProblem(name: string): string | null {
  return NAME.test(name) ? null : 'must be 1 to 64 letters, digits, hyphens or underscores';
}

function bodyProblem(body: MessageBody): string | null {
  if (typeof body !== 'string') return 'is no UTF-8 text, and this protocol carries nothing else';
  if (body === '') return 'is empty';
  // Some parsers of other consumers drop it as formatting.
  if (body.trim() === '') return 'is nothing but white space';
  const unfit = xmlUnfit(body);
  return unfit && `contains ${unfit}, which XML cannot carry; the json codec escapes it, other codecs can use base64`;
}

function tagProblem(tag: string): string | null {
  if (tag.trim() !== tag || tag === '') return 'must not be empty, nor begin or end with white space';
  if (tag === '*') return 'means all messages in a subscription';
  return textProblem(tag, ['|']);
}

/** A receiver that splits pairs at every colon, as the official SDKs do, would lose the key. */
function keyProblem(key: string): string | null {
  return key === '' ? 'must not be empty' : textProblem(key, ['|', ':']);
}

function propertyProblem(name: string, value: string): string | null {
  if (name === '' || value === '') return 'has no name or no value, and would not be sent';
  const forbidden = PROPERTY_FORBIDDEN.exec(name + value);
  return forbidden ? `contains ${JSON.stringify(forbidden[0])}` : textProblem(name + value, []);
}

function textProblem(text: string, forbidden: readonly string[]): string | null {
  const found = [...forbidden, ']]>'].find((part) => text.includes(part));
  if (found) return `contains ${JSON.stringify(found)}, which has a meaning of its own on the wire`;
  if (CONTROL.test(text)) return 'contains a control character';
  const unfit = xmlUnfit(text);
  return unfit && `contains ${unfit}, which XML cannot carry`;
}
