import type { MqTransport } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { readPage, tableRows } from '../support/pages.js';

const COLUMNS: Readonly<Record<string, MqTransport>> = {
  HTTP: aliyunHttp({ endpoint: 'https://example.com', accessKeyId: 'a', accessKeySecret: 's' }),
  Apache: rocketmq({ endpoints: 'example.com:8081' }),
  Aliyun: rocketmq({ endpoints: 'example.com:8081', profile: 'aliyun' }),
  Memory: memoryTransport(),
};

/** More than any broker takes of a name. */
const ANY = 5_000;
/** What a transport leaves of the longest delay. */
const CLOCK_SKEW_MS = 600_000;
/** The columns of the outbox; `publish()` refuses more, whatever the broker takes. */
const OUTBOX = 128;

/** Paths of the capabilities that some row tells. */
const told = new Set(['deadLetterSource']);

type Cell = (transport: MqTransport, column: string) => string;

/** Each row of the page, and what its cells must be. */
const ROWS: Readonly<Record<string, Cell>> = {
  Body: of('limits.bodyBytes.normal', bytes),
  'Body of an ordered message': of('limits.bodyBytes.ordered', bytes),
  'Body of a delayed message': of('limits.bodyBytes.delayed', bytes),
  'Any bytes as a body': (transport) => yesNo(!refusesMessage(transport, { body: Buffer.of(0xff) })),
  'Properties together': of('limits.propertyBytes', bytes),
  'Delay that the broker holds; beyond it the outbox does': of('limits.delayMs', time),
  'Shortest lease': of('limits.leaseMs.min', time),
  'Longest lease': of('limits.leaseMs.max', time),
  'Lease on an ordered topic, at most': of('limits.leaseMs.ordered', time),
  "The lease is chosen by the group's `timeout`": of('chooseLease', yesNo),
  'The lease is prolonged while a handler runs': of('leaseExtension', yesNo),
  'The broker is told when to deliver again': of('explicitRetryDelay', yesNo),
  'Deliveries before the broker gives a message up, unless told others': of('limits.maxDeliveries', String),
  'Its dead letters can be read': deadLetters,
  'Keeps the order of a key': of('ordering', (value) => yesNo(value === 'partition')),
  'Messages of one poll': of('limits.receiveBatch', String),
  'Acknowledgements of one request': of('limits.ackBatch', String),
  'Longest wait of a poll': of('limits.waitMs', time),
  'Characters of a topic': longest((transport, text) => refusesMessage(transport, { topic: text }), ANY),
  'Characters of a group id': longest(
    (transport, text) =>
      transport.validateSubscription({ topic: 't', groupId: text, instanceId: null, tags: null, ordered: false })
        .length > 0,
    ANY,
  ),
  'Characters of an `orderingKey`': longestKey,
  'Characters of a `tag`': longest((transport, text) => refusesMessage(transport, { tag: text }), OUTBOX),
};

describe('the limits of docs/reference/brokers.md', () => {
  const rows = tableRows(readPage('docs/reference/brokers.md'), 'Limit');

  it('are all that the transports declare, and no others', () => {
    const declared = Object.values(COLUMNS).flatMap(({ capabilities }) => paths(capabilities));
    expect([...told].sort()).toEqual([...new Set(declared)].sort());
    expect(rows.map(({ Limit }) => Limit)).toEqual(Object.keys(ROWS));
  });

  it.each(Object.keys(COLUMNS))('are those of %s', (column) => {
    const documented = Object.fromEntries(rows.map((row) => [row['Limit']!, row[column]]));
    const actual = Object.fromEntries(
      Object.entries(ROWS).map(([limit, cell]) => [limit, cell(COLUMNS[column]!, column)]),
    );
    expect(documented).toEqual(actual);
  });

  it('are those of HTTP for the memory transport with its profile', () => {
    const { capabilities } = memoryTransport({ profile: 'http' });
    expect(capabilities).toEqual(COLUMNS['HTTP']!.capabilities);
  });
});

/** A row for the capability at this path. */
function of(path: string, format: (value: never) => string): Cell {
  told.add(path);
  return ({ capabilities }) =>
    format(path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], capabilities) as never);
}

function deadLetters(transport: MqTransport, column: string): string {
  if (transport.capabilities.deadLetterSource) return 'yes';
  if (transport.name !== 'rocketmq') return 'no';
  const profile = column === 'Aliyun' ? 'aliyun' : 'apache';
  const reading = rocketmq({ endpoints: 'example.com:8081', profile, deadLetterGroup: 'GID_dead' });
  return reading.capabilities.deadLetterSource ? 'with a group' : 'no';
}

/** Whether characters or bytes are counted, characters of two bytes tell. */
function longestKey(transport: MqTransport, column: string): string {
  const refuses = (at: MqTransport, text: string): boolean => refusesMessage(at, { orderingKey: text });
  const [ofOne, ofTwo] = ['x', 'ä'].map((letter) => longest(refuses, OUTBOX, letter)(transport, column));
  if (ofOne === ofTwo) return ofOne!;
  expect(Number(ofTwo)).toBe(Math.floor(Number(ofOne) / 2));
  return `${ofOne} bytes`;
}

/** The longest text that is not refused, up to `most`. */
function longest(refuses: (transport: MqTransport, text: string) => boolean, most: number, letter = 'x'): Cell {
  return (transport) => {
    for (let length = 1; length <= most; length += 1) {
      if (refuses(transport, letter.repeat(length))) return String(length - 1);
    }
    return most === ANY ? 'any' : String(most);
  };
}

function refusesMessage(transport: MqTransport, part: object): boolean {
  const plain = { topic: 't', instanceId: null, tag: null, key: 'k', body: '1', properties: {} };
  return transport.validateMessage({ ...plain, deliverAt: null, orderingKey: null, ...part }).length > 0;
}

function paths(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'object' ? paths(inner as object, `${prefix}${key}.`) : [`${prefix}${key}`],
  );
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function bytes(value: number): string {
  return value % 1_048_576 === 0 ? `${value / 1_048_576} MiB` : `${value / 1_024} KiB`;
}

/** In the largest unit that it is a whole number of; whole days but for the ten minutes that clocks may differ as such. */
function time(ms: number): string {
  if ((ms + CLOCK_SKEW_MS) % 86_400_000 === 0) return `${(ms + CLOCK_SKEW_MS) / 86_400_000} d minus 10 min`;
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ];
  const [name, length] = units.find(([, unit]) => ms % unit === 0) ?? ['ms', 1];
  return `${ms / length} ${name}`;
}
