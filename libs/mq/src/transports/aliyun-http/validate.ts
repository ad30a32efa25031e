import type { MessageBody } from '../../core/message/body.js';
import { xmlUnfit } from '../../core/message/xml-unfit.js';
import { limitViolations } from '../../core/transport/limit-violations.js';
import type { OutboundMessage, SubscriptionSpec, Violation } from '../../core/transport/transport.js';
import { CAPABILITIES, NAMES } from './profile.js';
import { renderProperties, wireProperties } from './wire/wire-text.js';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const RESERVED = new Set(['KEYS', '__STARTDELIVERTIME', '__TransCheckT', '__SHARDINGKEY', '__proto__']);
/** What every SDK of this protocol refuses in a property. */
const PROPERTY_FORBIDDEN = /[:|&<>"']/;
/** What separates properties, and their names from their values. */
const PAIRS = /[|:]/;
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
  const properties = wireProperties(message);
  for (const [name, value] of properties) {
    const problem = propertyProblem(name, value);
    // A path is made for what is found alone: this runs when a message is published and again when it is sent.
    if (problem) add(`properties.${name}`, problem);
  }
  const bytes = Buffer.byteLength(renderProperties(protocolProperties(message).concat(properties)), 'utf8');
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

/** The properties that are the protocol's own. */
function protocolProperties({ key, orderingKey, deliverAt }: OutboundMessage): [string, string][] {
  const found: [string, string][] = [['KEYS', key]];
  if (orderingKey !== null) found.push(['__SHARDINGKEY', orderingKey]);
  if (deliverAt !== null) found.push(['__STARTDELIVERTIME', String(deliverAt)]);
  return found;
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
  return tag.includes('|') ? meaning('|') : textProblem(tag);
}

/** A receiver that splits pairs at every colon, as the official SDKs do, would lose the key. */
function keyProblem(key: string): string | null {
  if (key === '') return 'must not be empty';
  const found = PAIRS.exec(key);
  return found ? meaning(found[0]) : textProblem(key);
}

function propertyProblem(name: string, value: string): string | null {
  if (RESERVED.has(name)) return 'is a name of the protocol itself';
  if (name === '' || value === '') return 'has no name or no value, and would not be sent';
  const forbidden = PROPERTY_FORBIDDEN.exec(name) ?? PROPERTY_FORBIDDEN.exec(value);
  if (forbidden) return `contains ${JSON.stringify(forbidden[0])}`;
  return textProblem(name) ?? textProblem(value);
}

function meaning(found: string): string {
  return `contains ${JSON.stringify(found)}, which has a meaning of its own on the wire`;
}

function textProblem(text: string): string | null {
  if (text.includes(']]>')) return meaning(']]>');
  if (CONTROL.test(text)) return 'contains a control character';
  const unfit = xmlUnfit(text);
  return unfit && `contains ${unfit}, which XML cannot carry`;
}
