import { memoryTransport } from '../../testing/index.js';
import { resolveOptions } from '../config/resolve-options.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { MqError } from '../errors/mq-error.js';
import { orderKeyOf } from '../store/order-key.js';
import type { NewOutboxRow } from '../store/outbox-row.js';
import { buildRow } from './build-row.js';
import type { NewMessage } from '../message/new-message.js';

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;

const optionsWith = (more: object = {}): ResolvedOptions =>
  resolveOptions(
    {
      transport: memoryTransport({ profile: 'http' }),
      topics: {
        orders: { topic: 'shop_orders', instanceId: 'I1' },
        ledger: { topic: 'shop_ledger', ordered: true },
        notes: { topic: 'shop_notes', codec: 'text' },
        payments: { topic: 'shop_payments', settleOn: { group: 'books', within: '5m' } },
      },
      groups: { books: { groupId: 'GID_books' } },
      ...more,
    },
    { connection: 'default', poolSize: 10 },
  );

const build = (topic: string, message: NewMessage, options = optionsWith()): NewOutboxRow =>
  buildRow(
    options,
    { topic: options.topics.get(topic)!, message, schemas: null, cause: null, call: `publish('${topic}')` },
    'id-1',
    NOW,
  );

const errorOf = (topic: string, message: NewMessage, options = optionsWith()): MqError => {
  try {
    build(topic, message, options);
  } catch (error) {
    expect(error).toBeInstanceOf(MqError);
    return error as MqError;
  }
  throw new Error('nothing was thrown');
};

describe('buildRow', () => {
  it('resolves names, encodes the payload, and uses the id where no key is given', () => {
    expect(build('orders', { payload: { a: '<' }, tag: 'created', headers: { trace: 'x' } })).toMatchObject({
      id: 'id-1',
      key: 'id-1',
      topicAlias: 'orders',
      topic: 'shop_orders',
      instanceId: 'I1',
      tag: 'created',
      payload: '{"a":"\\u003c"}',
      headers: '{"trace":"x"}',
      orderKey: null,
      deliver: null,
      leased: true,
      maxAttempts: 10,
    });
  });

  it.each([
    [42, '42'],
    [42n, '42'],
    ['order-42', 'order-42'],
  ])('takes %p as a key', (key, text) => {
    expect(build('orders', { payload: 1, key }).key).toBe(text);
  });

  it('appends the suffix of the environment to the tag, and wants a tag then', () => {
    const options = optionsWith({ tagSuffix: '_dev' });
    expect(build('orders', { payload: 1, tag: 'created' }, options).tag).toBe('created_dev');
    expect(errorOf('orders', { payload: 1 }, options).message).toContain('would reach the other environments');
  });

  it('hashes the ordering key, and wants an ordered topic for it', () => {
    expect(build('ledger', { payload: 1, orderingKey: 7 })).toMatchObject({
      orderingKey: '7',
      orderKey: orderKeyOf('ledger', '7'),
    });
    expect(errorOf('orders', { payload: 1, orderingKey: 7 }).message).toContain('topics.orders.ordered');
    expect(errorOf('ledger', { payload: 1, orderingKey: 7, delay: '1s' }).code).toBe('MQ_MESSAGE_INVALID');
  });

  it('leaves what the broker can hold to the broker, and holds the rest', () => {
    const horizon = optionsWith().transport.capabilities.limits.delayMs;
    expect(build('orders', { payload: 1, delay: '1h' })).toMatchObject({ deliver: { inMs: 3_600_000 }, leased: true });
    expect(build('orders', { payload: 1, delay: horizon + DAY }).leased).toBe(false);
    expect(build('orders', { payload: 1, deliverAt: new Date(NOW + 1_000) }).deliver).toEqual({ at: NOW + 1_000 });
  });

  it('settles on a group where the topic says so', () => {
    expect(build('payments', { payload: 1 })).toMatchObject({ settleGroup: 'books', settleWithinMs: 300_000 });
  });

  it.each<[string, string, NewMessage, string]>([
    ['a payload without a JSON form', 'orders', { payload: undefined }, 'MQ_PAYLOAD_INVALID'],
    ['a cycle', 'orders', { payload: cycle() }, 'MQ_PAYLOAD_INVALID'],
    ['a text codec with an object', 'notes', { payload: {} }, 'MQ_PAYLOAD_INVALID'],
    ['an empty text', 'notes', { payload: '' }, 'MQ_PAYLOAD_INVALID'],
    ['a payload above the limit', 'orders', { payload: 'x'.repeat(4 * 1024 * 1024) }, 'MQ_PAYLOAD_TOO_LARGE'],
    ['an empty key', 'orders', { payload: 1, key: '' }, 'MQ_MESSAGE_INVALID'],
    ['a key that is too long', 'orders', { payload: 1, key: 'k'.repeat(129) }, 'MQ_MESSAGE_INVALID'],
    ['an empty tag', 'orders', { payload: 1, tag: '' }, 'MQ_MESSAGE_INVALID'],
    ['two delivery times', 'orders', { payload: 1, delay: 1, deliverAt: new Date() }, 'MQ_MESSAGE_INVALID'],
    ['an invalid date', 'orders', { payload: 1, deliverAt: new Date(Number.NaN) }, 'MQ_MESSAGE_INVALID'],
    ['an invalid delay', 'orders', { payload: 1, delay: 'soon' }, 'MQ_MESSAGE_INVALID'],
    [
      'a header that is no text',
      'orders',
      { payload: 1, headers: { n: 1 as unknown as string } },
      'MQ_MESSAGE_INVALID',
    ],
  ])('refuses %s', (_what, topic, message, code) => {
    expect(errorOf(topic, message).code).toBe(code);
  });

  it('tells all problems at once, and the nearest name of a misspelt field', () => {
    const wrong = { payload: undefined, key: '', tags: ['created'], delayTime: 5, headers: [], later: undefined };
    const error = errorOf('orders', wrong as never);
    expect(error.message).toBe(
      "publish('orders'): 5 problems:\n" +
        '  - tags is no field of a message, did you mean tag? Known: payload, tag, key, headers, deliverAt, delay, orderingKey, correlationId\n' +
        '  - delayTime is no field of a message, did you mean delay? Known: payload, tag, key, headers, deliverAt, delay, orderingKey, correlationId\n' +
        '  - key must have 1 to 128 characters\n' +
        "  - headers must be a plain object of texts, like { tenant: 'north' }\n" +
        '  - the payload cannot be encoded: it is undefined, or missing; write payload: null for a message without content',
    );
    expect(error).toMatchObject({ code: 'MQ_MESSAGE_INVALID', details: { topic: 'orders', field: 'tags' } });
    const tooLarge = errorOf('orders', { payload: 'x'.repeat(4 * 1024 * 1024), key: '' });
    expect(tooLarge.details['violations']).toMatchObject([{ path: 'key' }, { path: 'body' }]);
  });

  it('tells size and limit of a payload that is too large', () => {
    const limit = optionsWith().transport.capabilities.limits.bodyBytes.normal;
    const error = errorOf('orders', { payload: 'x'.repeat(limit) });
    expect(error.details).toMatchObject({ bytes: limit + 2, limit });
    expect(error.message).toContain(String(limit));
  });
});

function cycle(): unknown {
  const self: Record<string, unknown> = {};
  self['self'] = self;
  return self;
}
