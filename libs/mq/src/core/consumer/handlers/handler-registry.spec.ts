import { memoryTransport } from '../../../transports/memory/memory-transport.js';
import type { ResolvedGroup, ResolvedTopic } from '../../config/resolved-options.js';
import { jsonCodec } from '../../message/json-codec.js';
import type { RegisteredHandler } from './handler.js';
import { HandlerRegistry, type RegistryOptions } from './handler-registry.js';

const topic = (alias: string, ordered = false): ResolvedTopic => ({
  alias,
  topic: `shop_${alias}`,
  instanceId: null,
  ordered,
  codec: jsonCodec,
  settleOn: null,
});
const group = (fields: Partial<ResolvedGroup> = {}): ResolvedGroup => ({
  alias: 'stock',
  groupId: 'GID_stock',
  tags: null,
  identify: null,
  concurrency: 4,
  timeoutMs: 30_000,
  maxAttempts: 16,
  backoff: () => 1,
  inbox: true,
  unmatched: 'park',
  ...fields,
});

interface Setup {
  group?: Partial<ResolvedGroup>;
  tagSuffix?: string;
  ordered?: boolean;
}

const options = ({ group: fields, tagSuffix = '', ordered }: Setup = {}): RegistryOptions => ({
  connection: 'default',
  topics: new Map([['orders', topic('orders', ordered)]]),
  groups: new Map([['stock', group(fields)]]),
  tagSuffix,
  transport: memoryTransport({ profile: 'http' }),
});

const invoke = async (): Promise<void> => undefined;
const owner = {};
const handler = (
  name: string,
  tags: string[] | null = null,
  more: Partial<RegisteredHandler> = {},
): RegisteredHandler => ({
  topic: 'orders',
  group: 'stock',
  tags,
  name,
  invoke,
  owner: {},
  ...more,
});

const failure = (handlers: RegisteredHandler[], setup?: Setup): { code?: string; message?: string } => {
  try {
    new HandlerRegistry(handlers, options(setup));
  } catch (error) {
    return error as { code: string; message: string };
  }
  return {};
};

describe('what is refused', () => {
  it.each([
    [
      'an unknown topic',
      [handler('A.x', null, { topic: 'oders' })],
      'MQ_UNKNOWN_TOPIC',
      ['A.x', "'oders'", 'Known: orders'],
    ],
    [
      'an unknown group',
      [handler('A.x', null, { group: 'stok' })],
      'MQ_UNKNOWN_GROUP',
      ['A.x', "'stok'", 'Known: stock'],
    ],
    [
      'two that take everything',
      [handler('A.x'), handler('B.y')],
      'MQ_DUPLICATE_HANDLER',
      ['A.x', 'B.y', 'all messages'],
    ],
    [
      'a tag in common',
      [handler('A.x', ['a', 'b']), handler('B.y', ['b', 'c'])],
      'MQ_DUPLICATE_HANDLER',
      ['A.x', 'B.y', "'b'"],
    ],
    ['two classes of one name', [handler('A.x', ['a']), handler('A.x', ['a'])], 'MQ_DUPLICATE_HANDLER', ['A.x']],
  ])('%s', (_, handlers, code, words) => {
    const { code: actual, message } = failure(handlers);
    expect(actual).toBe(code);
    for (const word of words) expect(message).toContain(word);
  });

  it.each<[string, RegisteredHandler[], Setup, string]>([
    [
      'tags outside those of the group',
      [handler('A.x', ['a', 'z'])],
      { group: { tags: ['a'] } },
      "groups.stock.tags: A.x takes 'z'",
    ],
    [
      'a suffix and a group that takes everything',
      [handler('A.x')],
      { tagSuffix: '_dev' },
      'groups.stock.tags: with tagSuffix',
    ],
    ['an empty list of tags', [handler('A.x', [])], {}, 'A.x: tags must not be empty'],
    [
      'a timeout that the lease of an ordered topic cannot hold',
      [handler('A.x')],
      { ordered: true, group: { timeoutMs: 50_001 } },
      '50000 ms is the longest',
    ],
  ])('%s', (_, handlers, setup, words) => {
    expect(failure(handlers, setup)).toMatchObject({
      code: 'MQ_CONFIG_INVALID',
      message: expect.stringContaining(words),
    });
  });

  it('a subscription that the broker would refuse', () => {
    const transport = Object.assign(memoryTransport(), {
      validateSubscription: () => [{ path: 'tags', problem: 'are too long' }],
    });
    expect(() => new HandlerRegistry([handler('A.x')], { ...options(), transport })).toThrow(
      "groups.stock (topic 'orders'): tags are too long",
    );
  });

  it('two aliases of one topic and group at the broker, which would share out its messages', () => {
    const both = options();
    const twice: RegistryOptions = {
      ...both,
      groups: new Map([...both.groups, ['again', group({ alias: 'again' })]]),
    };
    expect(() => new HandlerRegistry([handler('A.x'), handler('B.y', null, { group: 'again' })], twice)).toThrow(
      "are the same topic 'shop_orders' and group 'GID_stock' at the broker",
    );
  });

  it('everything that only handlers show, at once', () => {
    const { message } = failure([handler('A.x', ['z']), handler('B.y', ['y'])], {
      group: { tags: ['a'], timeoutMs: 60_000 },
      ordered: true,
    });
    expect(message).toContain('3 problems');
  });
});

describe('what is merged', () => {
  it('the same class, found in two modules', () => {
    const registry = new HandlerRegistry(
      [handler('A.x', ['a'], { owner }), handler('A.x', ['a'], { owner })],
      options(),
    );
    expect(registry.handlers).toHaveLength(1);
  });
});

describe('a subscription', () => {
  it.each<[string, RegisteredHandler[], Setup, string[] | null]>([
    [
      'the tags of the group, also those without a handler',
      [handler('A.x', ['b'])],
      { group: { tags: ['c', 'b'] } },
      ['b', 'c'],
    ],
    ['the tags of all handlers', [handler('A.x', ['c', 'a']), handler('B.y', ['b'])], {}, ['a', 'b', 'c']],
    ['everything as soon as one takes everything', [handler('A.x', ['a']), handler('B.y')], {}, null],
    ['tags with their suffix', [handler('A.x', ['b', 'a'])], { tagSuffix: '_dev' }, ['a_dev', 'b_dev']],
  ])('asks for %s, sorted', (_, handlers, setup, tags) => {
    const [subscription] = new HandlerRegistry(handlers, options(setup)).subscriptions;
    expect(subscription!.spec).toEqual({
      topic: 'shop_orders',
      instanceId: null,
      groupId: 'GID_stock',
      tags,
      ordered: false,
    });
  });

  it.each<[string, string, string | null, string | null]>([
    ['', 'the handler that names the tag', 'a', 'named'],
    ['', 'the one that takes the rest', 'z', 'rest'],
    ['', 'the one that takes the rest, without a tag', null, 'rest'],
    ['_dev', 'the handler that names the tag', 'a_dev', 'named'],
    ['_dev', 'the one that takes the rest', 'b_dev', 'rest'],
    ['_dev', 'nobody, for a tag of another environment', 'a', null],
    ['_dev', 'nobody, for a tag of another environment', 'b_prod', null],
    ['_dev', 'nobody, without a tag', null, null],
  ])('with suffix %p gives a message to %s (%p)', (tagSuffix, _, tag, name) => {
    const handlers = [handler('named', ['a']), handler('rest')];
    const setup = { tagSuffix, group: { tags: tagSuffix === '' ? null : ['a', 'b'] } };
    const [subscription] = new HandlerRegistry(handlers, options(setup)).subscriptions;
    expect(subscription!.handlerFor(tag)?.name ?? null).toBe(name);
  });
});
