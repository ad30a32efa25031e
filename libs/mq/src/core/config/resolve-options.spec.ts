import { MqError } from '../errors/mq-error.js';
import type { MqTransport } from '../transport/transport.js';
import type { MqOptions } from './options.js';
import { resolveOptions } from './resolve-options.js';

const transport = {
  name: 'stub',
  identity: 'stub',
  sendMs: 10_000,
  capabilities: {
    leaseExtension: false,
    explicitRetryDelay: false,
    chooseLease: false,
    ordering: 'partition',
    limits: { leaseMs: { min: 300_000, max: 300_000, ordered: 60_000 }, maxDeliveries: 289, delayMs: 1 },
  },
  problems: () => [],
  validateMessage: ({ topic }: { topic: string }) =>
    / /.test(topic) ? [{ path: 'topic', problem: 'has a blank' }] : [],
  send: () => undefined,
  subscribe: () => undefined,
} as unknown as MqTransport;

const resolve = (options: Omit<MqOptions, 'transport'> & Record<string, unknown> = {}, poolSize = 10) =>
  resolveOptions({ transport, ...options }, { connection: 'default', poolSize, random: () => 1 });

const problemsOf = (options: Record<string, unknown>, poolSize = 10): string[] => {
  try {
    resolve(options, poolSize);
  } catch (error) {
    expect(error).toBeInstanceOf(MqError);
    expect((error as MqError).code).toBe('MQ_CONFIG_INVALID');
    return (error as MqError).details['problems'] as string[];
  }
  return [];
};

describe('resolveOptions', () => {
  it.each([
    ['14999', 10_000, 1],
    ['15s', 10_000, 0],
    ['1s', 0, 0],
  ])('a lease of %s with sends of %d ms has %d problems', (lease, sendMs, count) => {
    const found = problemsOf({ reproduce: { lease: Number(lease) || lease }, transport: { ...transport, sendMs } });
    expect(found).toHaveLength(count);
    if (count > 0) expect(found[0]).toMatch(/^reproduce\.lease: 14999 ms are too short.*10000 ms.*15000 ms at least/);
  });

  it('refuses an ordered topic on a transport that keeps no order', () => {
    const topics = { orders: { topic: 'shop_orders', ordered: true }, plain: { topic: 'shop_plain' } };
    expect(problemsOf({ topics })).toEqual([]);
    const unordered = { ...transport, capabilities: { ...transport.capabilities, ordering: 'none' } };
    expect(problemsOf({ topics, transport: unordered })).toEqual([
      expect.stringMatching(/^topics\.orders\.ordered: the transport stub keeps no order.*leave ordered out/),
    ]);
  });

  it('fills in the documented defaults', () => {
    const options = resolve({
      topics: { orders: { topic: 'shop_orders' } },
      groups: { stock: { groupId: 'GID_stock' } },
    });
    expect(options.reproduce).toMatchObject({
      leaseMs: 30_000,
      maxAttempts: 10,
      batch: 100,
      idleMs: 5_000,
      onDeadKey: 'block',
    });
    expect(options.retention).toEqual({ sentMs: 7 * 86_400_000, inboxMs: 14 * 86_400_000, errorsMs: 90 * 86_400_000 });
    expect(options.groups.get('stock')).toMatchObject({
      groupId: 'GID_stock',
      tags: null,
      concurrency: 4,
      timeoutMs: 30_000,
      maxAttempts: 16,
      inbox: true,
      unmatched: 'park',
    });
    expect(options.topics.get('orders')).toMatchObject({ topic: 'shop_orders', ordered: false, settleOn: null });
    expect(options).toMatchObject({
      roles: { relay: true, worker: true },
      maxInFlight: 5,
      drainMs: 20_000,
      alertEveryMs: 600_000,
      requireTransaction: true,
    });
  });

  it('tells every problem at once, each with its path', () => {
    const problems = problemsOf({
      topics: { orders: { topic: '', orderd: true, codec: 'xml' } },
      groups: { stock: { groupId: 'G', timeout: 'soon', tags: [] } },
      reproduce: { lease: -1, backoff: { base: '1s', kap: '2s' } },
      role: 'api,wörker',
      retention: { sent: true },
      typo: 1,
    });
    for (const path of [
      'topics.orders.topic',
      'topics.orders.orderd',
      'topics.orders.codec',
      'groups.stock.timeout',
      'groups.stock.tags',
      'reproduce.lease',
      'reproduce.backoff.kap',
      'role',
      'retention.sent',
      'typo',
    ]) {
      expect(problems.filter((line) => line.startsWith(`${path}:`))).toHaveLength(1);
    }
  });

  it('takes no time at all for a retention without a history, in any unit, and refuses a short one as a mistake', () => {
    for (const sent of [0, '0', '0s', ' 0 d '] as const)
      expect(resolve({ retention: { sent } }).retention.sentMs).toBe(0);
    expect(problemsOf({ retention: { sent: '0 days' } })).toEqual([expect.stringMatching(/^retention\.sent:/)]);
    expect(problemsOf({ retention: { sent: 7, inbox: 0 } })).toEqual([
      expect.stringMatching(/^retention\.sent:/),
      expect.stringMatching(/^retention\.inbox:/),
    ]);
  });

  it('lets a group override what consume sets for all', () => {
    const { groups } = resolve({
      consume: { concurrency: 8, timeout: '5s' },
      groups: { a: { groupId: 'A', timeout: '9s' }, b: { groupId: 'B' } },
    });
    expect(groups.get('a')).toMatchObject({ concurrency: 8, timeoutMs: 9_000 });
    expect(groups.get('b')).toMatchObject({ concurrency: 8, timeoutMs: 5_000 });
  });

  it('appends the group suffix', () => {
    expect(resolve({ groupSuffix: '_dev', groups: { a: { groupId: 'GID_a' } } }).groups.get('a')!.groupId).toBe(
      'GID_a_dev',
    );
  });

  it.each([
    ['all', { relay: true, worker: true }],
    ['api', { relay: false, worker: false }],
    ['api, worker', { relay: false, worker: true }],
    [['relay'], { relay: true, worker: false }],
  ])('reads the role %j', (role, roles) => {
    expect(resolve({ role: role as MqOptions['role'] & string }).roles).toEqual(roles);
  });

  it('refuses a list of no roles', () => {
    expect(problemsOf({ role: [] })[0]).toMatch(/^role: must name at least one/);
  });

  it('halves the pool for deliveries, and refuses only an explicit number that leaves no connection', () => {
    expect(resolve({}, 10).maxInFlight).toBe(5);
    expect(resolve({}, 1).maxInFlight).toBe(1);
    expect(resolve({ consume: { maxInFlight: 9 } }, 10).maxInFlight).toBe(9);
    expect(problemsOf({ consume: { maxInFlight: 10 } }, 10)[0]).toContain('raise the pool to 11');
  });

  it('refuses a timeout that the lease of the broker cannot hold', () => {
    expect(problemsOf({ groups: { a: { groupId: 'A', timeout: '295s' } } })[0]).toMatch(
      /^groups\.a\.timeout: .*290000 ms is the longest/,
    );
    expect(problemsOf({ groups: { a: { groupId: 'A', timeout: '290s' } } })).toEqual([]);
  });

  it('refuses as many attempts as the broker makes deliveries', () => {
    expect(problemsOf({ groups: { a: { groupId: 'A', maxAttempts: 289 } } })[0]).toMatch(/^groups\.a\.maxAttempts/);
    expect(problemsOf({ consume: { maxAttempts: 288 }, groups: { a: { groupId: 'A' } } })).toEqual([]);
  });

  it('asks the transport about the names of topics, which would otherwise be refused with each message', () => {
    expect(problemsOf({ topics: { o: { topic: 'x y' }, p: { topic: 'z' } } })).toEqual(['topics.o.topic: has a blank']);
  });

  it('lets a topic settle only on a group that is here and keeps an inbox', () => {
    const settleOn = { group: 'stock', within: '5m' };
    expect(problemsOf({ topics: { o: { topic: 't', settleOn } } })[0]).toContain("no group 'stock'");
    expect(
      problemsOf({ topics: { o: { topic: 't', settleOn } }, groups: { stock: { groupId: 'G', inbox: false } } })[0],
    ).toContain('inbox: false');
    expect(problemsOf({ topics: { o: { topic: 't', settleOn } }, groups: { stock: { groupId: 'G' } } })).toEqual([]);
  });

  it('asks a backoff function of the user, and falls back when it fails', () => {
    const failure = { side: 'publish', attempt: 1, maxAttempts: 10, error: null, messageId: 'm', topic: 't' } as const;
    expect(resolve({ reproduce: { backoff: () => '7s' } }).reproduce.backoff(failure)).toBe(7_000);
    expect(resolve({ reproduce: { backoff: () => 'park' } }).reproduce.backoff(failure)).toBe('park');
    expect(
      resolve({
        reproduce: {
          backoff: () => {
            throw new Error('bug');
          },
        },
      }).reproduce.backoff(failure),
    ).toBe(1_000);
    expect(resolve({ reproduce: { backoff: () => 'nonsense' } }).reproduce.backoff(failure)).toBe(1_000);
  });

  it('requires a transport and takes over its problems', () => {
    expect(() => resolveOptions({} as MqOptions, { connection: 'x', poolSize: 10 })).toThrow('transport: is required');
    const broken = {
      ...transport,
      problems: () => [{ path: 'transport.endpoint', problem: 'is required' }],
    } as MqTransport;
    expect(problemsOf({ transport: broken })).toEqual(['transport.endpoint: is required']);
  });
});
