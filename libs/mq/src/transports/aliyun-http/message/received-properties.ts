import { fromWireProperty } from '../wire/trace-state.js';

export interface ReceivedProperties {
  readonly key: string | null;
  readonly orderingKey: string | null;
  /** Without what the protocol itself keeps in the list. */
  readonly properties: Readonly<Record<string, string>>;
}

const KEYS = 'KEYS';
const SHARDING_KEY = '__SHARDINGKEY';
const PROTOCOL_ONLY = new Set([KEYS, SHARDING_KEY, '__STARTDELIVERTIME', '__TransCheckT']);

/**
 * Splits the `Properties` of a received message, `name:value|name:value|`.
 *
 * The first colon ends the name. The SDK drops every pair with a second one, and with it the key `order:1`, or any URL
 * that another producer sent.
 */
export function parseProperties(raw: string | undefined): ReceivedProperties {
  const pairs = (raw ?? '')
    .split('|')
    .map((pair): [string, string] => [pair.slice(0, Math.max(0, pair.indexOf(':'))), pair.slice(pair.indexOf(':') + 1)])
    .filter(([name, value]) => name !== '' && value !== '');
  const all = new Map(pairs);
  return {
    key: all.get(KEYS) ?? null,
    orderingKey: all.get(SHARDING_KEY) ?? null,
    properties: Object.fromEntries(
      Array.from(all)
        .filter(([name]) => !PROTOCOL_ONLY.has(name))
        .map(fromWireProperty),
    ),
  };
}
