import 'reflect-metadata';
import { MqAdminService, PermanentError } from 'nestjs-reliable-mq';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { killSession, sessionId } from '../support/server-session.js';
import { consumer, type Handle } from '../support/node/consumer.js';
import { bootNode, leasesEnd, type Node, pending, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

/** A handler commits in the middle: with that word, or with a statement that brings it along. */
const COMMITS = {
  PostgreSQL: ['COMMIT'],
  MySQL: ['COMMIT', 'CREATE TABLE IF NOT EXISTS made_by_handler (id int)', 'TRUNCATE TABLE scratch'],
} as const;

describeDatabases('a handler whose transaction is committed in the middle', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  beforeAll(() => db.query('CREATE TABLE scratch (id int)'));
  let attempts: number;
  beforeEach(() => (attempts = 0));

  const boot = (statement: string, end: Handle): Promise<Node> =>
    bootNode(db, {
      shutdown: { drain: '100ms' },
      handlers: [
        consumer('orders', 'stock', async (message, context) => {
          attempts++;
          await tables.effect(context, message, `attempt ${attempts}`);
          await context.manager.query(statement);
          await end(message, context);
        }),
      ],
    });
  const done = (node: Node): Promise<unknown> =>
    eventually(() => pending(node.broker) === 0, { what: 'the acknowledgement' });

  const parkedHalfDone = async (id: string): Promise<void> => {
    expect(attempts).toBe(1);
    expect(await tables.notes()).toEqual(['attempt 1']);
    expect(await tables.inbox()).toEqual([{ message_id: id, group_id: 'GID_stock', state: 'PARKED' }]);
    expect((await tables.errors()).filter(({ parked }) => Boolean(parked))).toMatchObject([
      { message_id: id, error_code: 'MQ_HALF_DONE', payload: '"work"' },
    ]);
  };

  describe.each(COMMITS[db.family])('%s', (statement) => {
    it.each([
      ['an error', () => new Error('out of stock')],
      ['a permanent error', () => new PermanentError('no such sku')],
    ])('and that then throws %s: parked as half done, never taken for handled', async (_, error) => {
      const node = await boot(statement, () => Promise.reject(error()));
      const duplicates = told(node, 'delivery.duplicate');
      const id = await publishOne(node);
      await done(node);
      await parkedHalfDone(id);
      expect(duplicates).toEqual([]);
      await tables.poolIsFree(node);
    });

    it('and whose process ends there: so the redelivery finds it', async () => {
      // What the database sees of a kill: the session is gone.
      const node = await boot(statement, async (_, { manager }) => {
        await killSession(db, await sessionId(db, manager));
        await new Promise(() => {});
      });
      const id = await publishOne(node);
      await eventually(() => attempts === 1);
      await eventually(async () => (await tables.inbox())[0]?.state === 'STARTED', { what: 'the committed row' });
      const other = await boot(statement, () => Promise.reject(new Error('must not run')));
      other.broker.accept(node.broker.sent[0]!);
      await done(other);
      await parkedHalfDone(id);
    });

    it('and that comes to a good end: handled', async () => {
      const node = await boot(statement, (message, context) => tables.effect(context, message, 'after'));
      const id = await publishOne(node);
      await done(node);
      leasesEnd(node.broker);
      expect(await tables.notes()).toEqual(['after', 'attempt 1']);
      expect(await tables.inbox()).toEqual([{ message_id: id, group_id: 'GID_stock', state: 'HANDLED' }]);
      expect(await tables.errors()).toEqual([]);
    });
  });

  it('runs again when somebody replays it', async () => {
    const node = await boot(COMMITS[db.family][0], async () => {
      if (attempts === 1) throw new Error('out of stock');
    });
    const id = await publishOne(node);
    await done(node);
    const admin = node.app.get(MqAdminService);
    const [parked] = await admin.find({ status: 'PARKED' });
    await admin.replay([parked!.id], { reason: 'looked at' });
    await eventually(() => attempts === 2, { what: 'the replay' });
    await done(node);
    expect(await tables.inbox()).toEqual([{ message_id: id, group_id: 'GID_stock', state: 'HANDLED' }]);
  });
});
