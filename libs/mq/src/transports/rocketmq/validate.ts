import { limitViolations } from '../../core/transport/limit-violations.js';
import type { OutboundMessage, SubscriptionSpec, Violation } from '../../core/transport/transport.js';
import { MQ_TOPIC } from './message/write-message.js';
import type { Profile } from './profile.js';

const NAME = /^[%|a-zA-Z0-9_-]+$/;
/** One less than the broker takes: `mq-topic` is one of them. */
const MAX_PROPERTIES = 127;
/** In UTF-8. The broker refuses 64. */
const MAX_ORDERING_KEY_BYTES = 63;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
/** Half of a pair: no bytes stand for it, and what arrives is something else. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/** Names that the broker keeps for itself and refuses in a message: `MessageConst.STRING_HASH_SET` of Apache RocketMQ 5.5.0. */
const RESERVED = new Set(
  `1ST_POP_TIME ARRIVE_TIME BORN_TIMESTAMP BUYER_ID CLUSTER CONSUME_START_TIME CORRECTION_FLAG
    CORRELATION_ID DELAY DLQ_ORIGIN_MESSAGE_ID DLQ_ORIGIN_TOPIC DUP_INFO EXTEND_UNIQ_INFO
    INNER_MULTI_QUEUE_OFFSET INSTANCE_ID KEYS MAX_OFFSET MAX_RECONSUME_TIMES MIN_OFFSET MQ2_FLAG
    MSG_REGION MSG_TYPE ORIGIN_GROUP ORIGIN_MESSAGE_ID PGROUP POP_CK POP_CK_OFFSET PUSH_REPLY_TIME
    REAL_QID REAL_TOPIC RECONSUME_TIME REPLY_TO_CLIENT RETRY_TOPIC TAGS TIMER_DELAY_LEVEL
    TIMER_DELAY_MS TIMER_DELAY_SEC TIMER_DELIVER_MS TIMER_DEL_UNIQKEY TIMER_DEQUEUE_MS TIMER_ENQUEUE_MS
    TIMER_OUT_MS TIMER_ROLL_TIMES TRACE_ON TRANSFER_FLAG TRAN_MSG TRAN_PREPARED_QUEUE_OFFSET TTL
    UNIQ_KEY WAIT _SYS_MSG_PRIORITY_ __BORNHOST __CRC32# __LITE_TOPIC`.split(/\s+/),
);
/** Others that mean something to it, which it takes: order, delay, parts of a message, topics besides. It would act on them, or fail. */
const MEANINGFUL = new Set([
  'BORN_HOST',
  'INNER_BASE',
  'INNER_MULTI_DISPATCH',
  'INNER_NUM',
  '__SHARDINGKEY',
  '__STARTDELIVERTIME',
]);

/** What the wire cannot carry of a message. */
export function validateMessage(message: OutboundMessage, profile: Profile, now: number): Violation[] {
  const { limits } = profile.capabilities;
  const found: Violation[] = [];
  const add = (path: string, problem: string | null): void => {
    if (problem) found.push({ path, problem });
  };
  add('topic', nameProblem(message.topic, profile.names.topic));
  if (message.body.length === 0) add('body', 'is empty');
  else if (typeof message.body === 'string' && LONE_SURROGATE.test(message.body))
    add('body', 'contains half of a surrogate pair, which UTF-8 cannot carry');
  if (message.tag !== null) add('tag', tagProblem(message.tag, profile.names.tag));
  add('key', keyProblem(message.key));
  if (message.orderingKey !== null) add('orderingKey', orderingKeyProblem(message.orderingKey));
  if (message.deliverAt !== null && !Number.isSafeInteger(message.deliverAt))
    add('deliverAt', 'is no time in whole milliseconds');
  if (message.deliverAt !== null && message.orderingKey !== null)
    add('deliverAt', 'and orderingKey exclude each other: a topic takes delayed or ordered messages');
  const properties = Object.entries(message.properties);
  if (properties.length > MAX_PROPERTIES)
    add('properties', `are ${properties.length}, and the broker takes ${MAX_PROPERTIES}`);
  for (const [name, value] of properties) add(`properties.${name}`, propertyProblem(name, value));
  found.push(...limitViolations(message, limits, propertyBytes(message), now));
  return found;
}

/** What the broker would refuse of a subscription, or read as something else. */
export function validateSubscription(spec: SubscriptionSpec, { names }: Profile): Violation[] {
  const found: Violation[] = [];
  const add = (path: string, problem: string | null): void => {
    if (problem) found.push({ path, problem });
  };
  add('topic', nameProblem(spec.topic, names.topic));
  add('groupId', nameProblem(spec.groupId, names.group));
  for (const tag of spec.tags ?? []) add('tags', tagProblem(tag, names.tag));
  const filter = spec.tags?.join('||').length ?? 0;
  if (filter > names.filter)
    add('tags', `make a filter of ${filter} characters together; the broker takes ${names.filter}`);
  return found;
}

/** As the broker adds them up: names and values, tag and key among them. */
function propertyBytes({ topic, tag, key, properties }: OutboundMessage): number {
  const texts = [...Object.entries(properties).flat(), MQ_TOPIC, topic, tag ?? '', key];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text, 'utf8'), 0);
}

function nameProblem(name: string, max: number): string | null {
  if (name.length > max) return `has ${name.length} characters, and the broker takes ${max}`;
  return NAME.test(name) ? null : 'must be letters, digits, hyphens or underscores';
}

function tagProblem(tag: string, max: number): string | null {
  if (tag.trim() !== tag || tag === '') return 'must not be empty, nor begin or end with white space';
  if (tag === '*') return 'means all messages in a subscription';
  if (tag.includes('|')) return 'contains "|", which separates tags in a subscription';
  return tag.length > max ? `has ${tag.length} characters, and the broker takes ${max}` : textProblem(tag);
}

/** Kept by the broker as a list with blanks between: those at its ends would be lost. */
function keyProblem(key: string): string | null {
  return key.trim() === key && key !== '' ? textProblem(key) : 'must not be empty, nor begin or end with white space';
}

function orderingKeyProblem(key: string): string | null {
  if (key.trim() === '') return 'must not be empty';
  const bytes = Buffer.byteLength(key, 'utf8');
  return bytes > MAX_ORDERING_KEY_BYTES
    ? `is ${bytes} bytes, and the broker takes ${MAX_ORDERING_KEY_BYTES}`
    : textProblem(key);
}

function propertyProblem(name: string, value: string): string | null {
  if (RESERVED.has(name) || MEANINGFUL.has(name)) return 'is a name of the broker itself';
  if (name === '' || value === '') return 'has no name or no value, and would not be sent';
  return textProblem(name + value);
}

function textProblem(text: string): string | null {
  if (CONTROL.test(text)) return 'contains a control character';
  return LONE_SURROGATE.test(text) ? 'contains half of a surrogate pair, which UTF-8 cannot carry' : null;
}
