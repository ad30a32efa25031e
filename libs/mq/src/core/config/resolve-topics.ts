import type { MqCodec } from '../message/codec.js';
import { jsonCodec } from '../message/json-codec.js';
import { textCodec } from '../message/text-codec.js';
import type { MqTransport } from '../transport/transport.js';
import { join, type Problems } from './problems.js';
import type { ResolvedGroup, ResolvedTopic } from './resolved-options.js';

const TOPIC_KEYS = ['topic', 'instanceId', 'ordered', 'codec', 'settleOn'];
/** What aliases are stored in. */
const MAX_ALIAS = 64;

export function resolveTopics(problems: Problems, value: unknown): Map<string, ResolvedTopic> {
  const topics = new Map<string, ResolvedTopic>();
  for (const [alias, entry] of problems.record('topics', value)) {
    const path = join('topics', alias);
    if (alias.length === 0 || alias.length > MAX_ALIAS) problems.add(path, `an alias has 1 to ${MAX_ALIAS} characters`);
    const options = problems.object(path, entry, TOPIC_KEYS);
    topics.set(alias, {
      alias,
      topic: problems.requiredText(join(path, 'topic'), options['topic']),
      instanceId: problems.text(join(path, 'instanceId'), options['instanceId']) || null,
      ordered: problems.flag(join(path, 'ordered'), options['ordered'], false),
      codec: resolveCodec(problems, join(path, 'codec'), options['codec']),
      settleOn: resolveSettleOn(problems, join(path, 'settleOn'), options['settleOn']),
    });
  }
  return topics;
}

/** Without order at the broker, messages of one key would overtake each other, and nothing would tell. */
export function checkOrdering(
  problems: Problems,
  topics: ReadonlyMap<string, ResolvedTopic>,
  transport: Pick<MqTransport, 'name' | 'capabilities'> | null,
): void {
  if (!transport || transport.capabilities.ordering !== 'none') return;
  for (const { alias, ordered } of topics.values()) {
    if (!ordered) continue;
    problems.add(
      join(join('topics', alias), 'ordered'),
      `the transport ${transport.name} keeps no order of messages; leave ordered out and publish without orderingKey, or use a transport that keeps order`,
    );
  }
}

/** Names that the broker would refuse with each message. What a handler reads is checked with its subscription. */
export function checkTopicNames(
  problems: Problems,
  topics: ReadonlyMap<string, ResolvedTopic>,
  transport: Pick<MqTransport, 'validateMessage' | 'problems'> | null,
): void {
  // One that is not configured yet may not know.
  if (!transport || (transport.problems?.().length ?? 0) > 0) return;
  for (const { alias, topic, instanceId, ordered } of topics.values()) {
    if (topic === '') continue;
    const empty = { tag: null, key: 'key', body: '{}', properties: {}, deliverAt: null };
    const message = { ...empty, topic, instanceId, orderingKey: ordered ? 'key' : null };
    for (const { path, problem } of transport.validateMessage(message))
      if (path === 'topic' || path === 'instanceId') problems.add(`topics.${alias}.${path}`, problem);
  }
}

/** A topic can only settle on a group that is configured here and keeps an inbox: its handling is what is recorded there. */
export function checkSettling(
  problems: Problems,
  topics: ReadonlyMap<string, ResolvedTopic>,
  groups: ReadonlyMap<string, ResolvedGroup>,
): void {
  for (const { alias, settleOn } of topics.values()) {
    if (!settleOn) continue;
    const path = `topics.${alias}.settleOn.group`;
    const group = groups.get(settleOn.group);
    if (!group)
      problems.add(
        path,
        `no group '${settleOn.group}' is configured; known: ${[...groups.keys()].join(', ') || 'none'}`,
      );
    else if (!group.inbox)
      problems.add(path, `the group '${settleOn.group}' has inbox: false, so nothing records what it handled`);
  }
}

function resolveCodec(problems: Problems, path: string, value: unknown): MqCodec {
  if (value === undefined || value === 'json') return jsonCodec;
  if (value === 'text') return textCodec;
  const { encode, decode, decodeBytes } = Object(value) as Partial<MqCodec>;
  if (typeof encode === 'function' && typeof decode === 'function') {
    if (decodeBytes !== undefined && typeof decodeBytes !== 'function')
      problems.add(`${path}.decodeBytes`, 'must be a function');
    return value as MqCodec;
  }
  problems.add(path, `must be 'json', 'text' or an object with encode() and decode()`);
  return jsonCodec;
}

function resolveSettleOn(problems: Problems, path: string, value: unknown): ResolvedTopic['settleOn'] {
  if (value === undefined || value === 'broker') return null;
  if (typeof value === 'string') {
    problems.add(path, `must be 'broker' or { group, within }, is '${value}'`);
    return null;
  }
  const options = problems.object(path, value, ['group', 'within']);
  const group = problems.requiredText(join(path, 'group'), options['group']);
  if (options['within'] === undefined) problems.add(join(path, 'within'), 'is required');
  return { group, withinMs: problems.duration(join(path, 'within'), options['within'], '10m', { min: 1_000 }) };
}
