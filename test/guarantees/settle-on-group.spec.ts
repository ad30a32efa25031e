import 'reflect-metadata';
import { MqAdminService, MqConsumerService, PermanentError } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, gate, type Handle } from '../support/node/consumer.js';
import { bootNode, leasesEnd, type Node, OWN, pending, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

describeDatabases('a topic that is settled by a group', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  const broker = (node: Node): number => pending(node.broker, 'GID_books', 'shop_payments');

  /** Boots with the group `books` paused, so that a test decides when it handles. */
  const boot = async (within: string, work?: Handle): Promise<{ node: Node; group: MqConsumerService }> => {
    const handle: Handle = work ?? ((message, context) => tables.effect(context, message));
    const node = await bootNode(db, {
      topics: { payments: { topic: 'shop_payments', settleOn: { group: 'books', within } } },
      groups: { books: { groupId: 'GID_books' } },
      handlers: [consumer('payments', 'books', handle)],
    });
    const group = node.app.get(MqConsumerService);
    group.pause('books');
    return { node, group };
  };

  it('is accepted once the broker has it, and sent once the group has handled it', async () => {
    const { node, group } = await boot('5m');
    const publication = await node.mq.publish('payments', { payload: 1 }, OWN);
    const [outcome] = await publication.sent();
    expect(outcome).toMatchObject({ status: 'sent', brokerMessageId: node.broker.sent[0]!.brokerMessageId });
    await eventuallyPasses(async () => expect(await tables.statuses()).toMatchObject([{ status: 'ACCEPTED' }]));
    const [accepted] = await tables.statuses();
    expect(accepted).toMatchObject({ lease_token: null, due_at: expect.anything() as unknown });
    group.resume('books');
    await eventuallyPasses(async () =>
      expect(await tables.statuses()).toMatchObject([{ status: 'SENT', due_at: null, failed_count: 0 }]),
    );
    expect(await tables.effects()).toEqual([publication.messages[0]!.id]);
  });

  it('stays accepted when the transaction of the handler is rolled back', async () => {
    const second = gate();
    let runs = 0;
    const { node, group } = await boot('5m', async () => {
      if (++runs === 1) throw new Error('not yet');
      second.reach();
      await second.pass;
    });
    group.resume('books');
    await (await node.mq.publish('payments', { payload: 1 }, OWN)).sent();
    await second.reached;
    await eventuallyPasses(async () => expect(await tables.statuses()).toMatchObject([{ status: 'ACCEPTED' }]));
    second.open();
    await eventuallyPasses(async () => expect(await tables.statuses()).toMatchObject([{ status: 'SENT' }]));
  });

  it('is sent again when the group stays silent, at the price of one attempt, and the inbox absorbs the copy', async () => {
    const { node, group } = await boot('1s');
    const publication = await node.mq.publish('payments', { payload: 1 }, OWN);
    await publication.sent();
    await eventually(() => node.broker.sent.length === 2, { what: 'the second send' });
    await eventuallyPasses(async () =>
      expect(await tables.statuses()).toMatchObject([{ status: 'ACCEPTED', failed_count: 1 }]),
    );
    group.resume('books');
    await eventually(() => broker(node) === 0, { what: 'every copy acknowledged' });
    expect(await tables.effects()).toEqual([publication.messages[0]!.id]);
    expect(await tables.statuses()).toMatchObject([{ status: 'SENT', due_at: null, failed_count: 1 }]);
  });

  it('is dead when the group parks it, and not sent again', async () => {
    const { node, group } = await boot('1s', () => Promise.reject(new PermanentError('no such account')));
    group.resume('books');
    await (await node.mq.publish('payments', { payload: 1 }, OWN)).sent();
    await eventually(() => broker(node) === 0);
    await eventuallyPasses(async () =>
      expect(await tables.statuses()).toMatchObject([{ status: 'DEAD', due_at: null, lease_token: null }]),
    );
    expect(await tables.errors()).toMatchObject([{ direction: 'CONSUME', group_id: 'GID_books' }]);
    expect(node.broker.sent).toHaveLength(1);
  });

  it('may be handled before its sender can mark it: that is no lost lease', async () => {
    const { node, group } = await boot('5m');
    group.resume('books');
    const losses = told(node, 'lease.lost');
    const send = node.transport.send.bind(node.transport);
    jest.spyOn(node.transport, 'send').mockImplementation(async (message, signal) => {
      const receipt = await send(message, signal);
      // The answer of the broker takes longer than everything that the group does.
      await eventually(async () => (await tables.statuses())[0]?.status === 'SENT', { what: 'the group settling it' });
      return receipt;
    });
    const publication = await node.mq.publish('payments', { payload: 1 }, OWN);
    expect(await publication.sent()).toMatchObject([{ status: 'sent' }]);
    await eventually(() => broker(node) === 0);
    expect(losses).toEqual([]);
    expect(await tables.statuses()).toMatchObject([
      { status: 'SENT', due_at: null, broker_message_id: node.broker.sent[0]!.brokerMessageId },
    ]);
  });

  it('is settled by a copy whose inbox row says that it was handled', async () => {
    const { node, group } = await boot('5m');
    group.resume('books');
    node.broker.loseNextAcks(Number.POSITIVE_INFINITY);
    await (await node.mq.publish('payments', { payload: 1 }, OWN)).sent();
    await eventuallyPasses(async () => expect(await tables.statuses()).toMatchObject([{ status: 'SENT' }]));
    // As a restored table, or a row that was sent once more in between, would say.
    await db.query("UPDATE mq_status_log SET status = 'ACCEPTED', due_at = 9999999999999, done_at = NULL");
    node.broker.heal();
    leasesEnd(node.broker, 'GID_books', 'shop_payments');
    await eventually(() => broker(node) === 0);
    expect(await tables.statuses()).toMatchObject([{ status: 'SENT', due_at: null }]);
    expect(await tables.effects()).toHaveLength(1);
  });

  describe('and a dead message that is replayed', () => {
    /** A message that the broker has taken, whose sender never learned of it and gave up. */
    async function dead(
      work?: Handle,
    ): Promise<{ node: Node; group: MqConsumerService; admin: MqAdminService; id: string }> {
      const { node, group } = await boot('1s', work);
      node.broker.failNextSends(new TransportError('unknown', 'reset'), { times: Infinity, stored: true });
      const publication = await node.mq.publish('payments', { payload: 1 }, OWN);
      const { id } = publication.messages[0]!;
      await eventuallyPasses(async () => expect(await tables.statuses()).toMatchObject([{ status: 'DEAD' }]));
      node.broker.heal();
      return { node, group, admin: node.app.get(MqAdminService), id };
    }

    it('is settled by its one handling, and not sent again', async () => {
      const { node, group, admin, id } = await dead();
      expect(await admin.replay([id], { reason: 'the broker is back' })).toMatchObject([{ outcome: 'replayed' }]);
      group.resume('books');
      await eventuallyPasses(async () =>
        expect((await tables.statuses()).map(({ status }) => status)).toEqual(['DEAD', 'SENT']),
      );
      expect(await tables.effects()).toEqual([id]);
      expect(await admin.counts()).toMatchObject({ byStatus: { DEAD: 0, ACCEPTED: 0, SENT: 1 } });
      expect(node.broker.sent.at(-1)!.properties).toMatchObject({ 'mq-id': id });
    });

    it('is dead again, once, when its group parks it', async () => {
      const { group, admin, id } = await dead(() => Promise.reject(new PermanentError('no such account')));
      await admin.replay([id], { reason: 'try again' });
      group.resume('books');
      await eventuallyPasses(async () =>
        expect((await tables.statuses()).map(({ status }) => status)).toEqual(['DEAD', 'DEAD']),
      );
      expect(await admin.counts()).toMatchObject({ byStatus: { DEAD: 1, ACCEPTED: 0 } });
      const [replayed, ...more] = await admin.find({ status: 'DEAD' });
      expect(more).toEqual([]);
      expect(replayed).toMatchObject({ messageId: id });
      expect(await admin.discard([replayed!.id], { reason: 'the account is closed' })).toMatchObject([
        { outcome: 'discarded' },
      ]);
      expect(await admin.counts()).toMatchObject({ byStatus: { DEAD: 0 }, parkedDeliveries: 0 });
    });
  });
});
