import type { ErrorEntry } from 'nestjs-reliable-mq/spi';
import { refOf } from 'nestjs-reliable-mq/spi';
import { TypeOrmDeliveryStore } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';

const REQUEST = { reason: 'looked at', owner: 'ops', maxAttempts: 5 };

describeDatabases('equal errors', (db) => {
  let outbox: TestOutbox;
  let deliveries: TypeOrmDeliveryStore;

  beforeAll(async () => {
    outbox = await openOutbox(db);
    deliveries = TypeOrmDeliveryStore.create(outbox.dataSource);
  });
  beforeEach(() => outbox.clear());

  function failure(messageId: string, message: string, fields: Partial<ErrorEntry> = {}): ErrorEntry {
    return outbox.bench.error(messageId, {
      direction: 'CONSUME',
      group: 'stock',
      groupId: 'GID_stock',
      errorCode: 'MQ_HANDLER_FAILED',
      errorClass: 'Error',
      message,
      payload: '{}',
      ...fields,
    });
  }
  const park = (messageId: string, message: string, fields: Partial<ErrorEntry> = {}): Promise<unknown> =>
    deliveries.park(failure(messageId, message, fields), { inbox: true, awaited: null });
  const idOf = async (messageId: string): Promise<string> =>
    (await outbox.admin.find({ side: 'consume', messageId }))[0]!.id;

  test('differ in numbers, ids and what stands in quotes, and in nothing else', async () => {
    const alike = [
      `no order 4711 for 'Ann', see 0197f3c2-1b7a-7000-8000-0123456789ab`,
      `no order 12 for 'Bob Bee', see c0ffee00-1b7a-4000-8000-ab0123456789`,
      `no order order-7_x for '', see 9`,
    ];
    for (const [i, message] of alike.entries()) await park(`a${i}`, message);
    await park('b', `no customer 4711 for 'Ann', see 1`);
    await park('c', alike[0]!, { errorClass: 'TypeError' });
    await park('d', alike[0]!, { errorCode: 'MQ_HANDLER_TIMEOUT' });
    await park('e', alike[0]!, { group: 'mail', groupId: 'GID_mail' });
    const groups = await outbox.admin.errorGroups({});
    expect(groups.map(({ group, code, errorClass, count, open }) => [group, code, errorClass, count, open])).toEqual([
      ['mail', 'MQ_HANDLER_FAILED', 'Error', 1, 1],
      ['stock', 'MQ_HANDLER_TIMEOUT', 'Error', 1, 1],
      ['stock', 'MQ_HANDLER_FAILED', 'TypeError', 1, 1],
      ['stock', 'MQ_HANDLER_FAILED', 'Error', 1, 1],
      ['stock', 'MQ_HANDLER_FAILED', 'Error', 3, 3],
    ]);
    expect(groups.at(-1)).toMatchObject({ message: alike[2], lastMessageId: 'a2', side: 'consume', topic: 'orders' });
    expect(new Set(groups.map(({ id }) => id)).size).toBe(5);
  });

  test('have the same id on every database', async () => {
    await park('a', `no order 4711 for "Änn", see \u{1F600}`);
    const [group] = await outbox.admin.errorGroups({});
    expect(group!.id).toBe('47bfd68c74de');
  });

  test('count messages and not attempts, and tell what was decided about those like them', async () => {
    for (const attempt of [1, 2]) await deliveries.recordFailure(failure('a', 'broken 1', { attempt, parked: false }));
    for (const id of ['a', 'b', 'c', 'd']) await park(id, 'broken 2');
    await deliveries.recordFailure(failure('handled later', 'broken 3', { parked: false }));
    await outbox.admin.replay([await idOf('a')], REQUEST);
    await outbox.admin.discard([await idOf('b')], REQUEST);
    const [group, ...others] = await outbox.admin.errorGroups({});
    expect(others).toEqual([]);
    expect(group).toMatchObject({ count: 5, open: 2, decided: { replayed: 1, discarded: 1 }, countedSince: null });
    expect(group!.lastAt.getTime()).toBeGreaterThanOrEqual(group!.firstAt.getTime());
    expect(await outbox.admin.errorGroups({ resolved: false })).toMatchObject([{ count: 2, open: 2 }]);
    expect(await outbox.admin.errorGroups({ resolved: true })).toMatchObject([{ count: 2, open: 0 }]);
  });

  test('are a filter: their parked messages, and the dead ones of the side that publishes', async () => {
    await park('a', 'broken 1');
    await park('b', 'broken 2');
    await park('c', 'something else');
    const [dead, other] = await outbox.bench.leased(outbox.bench.row(), outbox.bench.row());
    await outbox.store.park(refOf(dead!), outbox.bench.error(dead!.id, { message: 'refused 1' }), { freeKey: false });
    await outbox.store.park(refOf(other!), outbox.bench.error(other!.id, { message: 'too large' }), { freeKey: false });
    const groups = await outbox.admin.errorGroups({});
    const find = async (message: string): Promise<string[]> => {
      const { id } = groups.find((group) => group.message === message)!;
      return (await outbox.admin.find({ errorGroup: id })).map(({ messageId }) => messageId);
    };
    expect(await find('broken 2')).toEqual(['b', 'a']);
    expect(await find('something else')).toEqual(['c']);
    expect(await find('refused 1')).toEqual([dead!.id]);
    expect(groups.filter(({ side }) => side === 'publish')).toHaveLength(2);
    expect(await outbox.admin.errorGroups({ side: 'publish', limit: 1 })).toHaveLength(1);
    expect(await outbox.admin.errorGroups({ topic: 'ledger' })).toEqual([]);
    expect(await outbox.admin.errorGroups({ since: new Date(Date.now() + 60_000) })).toEqual([]);
    expect(await outbox.admin.errorGroups({ since: new Date(Date.now() - 60_000), group: 'stock' })).toHaveLength(2);
  });

  test('is found whatever its text is like', async () => {
    const odd = [
      `it's broken, isn't it`,
      `"`,
      '',
      'a'.repeat(2_000),
      '7'.repeat(2_000),
      `'${'x '.repeat(900)}`,
      '\\d+ [?] $1',
    ];
    for (const [i, message] of odd.entries()) await park(`m${i}`, message);
    const groups = await outbox.admin.errorGroups({});
    expect(groups).toHaveLength(odd.length);
    for (const { id, lastMessageId } of groups)
      expect((await outbox.admin.find({ errorGroup: id })).map((record) => record.messageId)).toEqual([lastMessageId]);
  });
});
