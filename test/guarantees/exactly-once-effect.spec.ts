import 'reflect-metadata';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { ManualClock, startEmulator } from 'nestjs-reliable-mq-emulator';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, gate } from '../support/node/consumer.js';
import { bootNode, leasesEnd, type Node, pending, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

describeDatabases('the effect of a message', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  const counting = consumer('orders', 'stock', (message, context) => tables.effect(context, message));

  /** What another program, or a second send of ours, puts on the wire. */
  const toWire = (node: Node, id: string): Promise<unknown> =>
    node.transport.send(
      {
        topic: 'shop_orders',
        instanceId: null,
        tag: null,
        key: 'k',
        // That of publishOne(): with another body the id would be that of another message.
        body: '"work"',
        properties: { 'mq-id': id },
        deliverAt: null,
        orderingKey: null,
      },
      new AbortController().signal,
    );

  it('happens once for copies that were sent', async () => {
    const node = await bootNode(db, { handlers: [counting] });
    const duplicates = told(node, 'delivery.duplicate');
    const id = await publishOne(node);
    await toWire(node, id);
    await toWire(node, id);
    await eventually(() => pending(node.broker) === 0);
    expect(node.broker.sent).toHaveLength(3);
    expect(await tables.effects()).toEqual([id]);
    expect(duplicates).toHaveLength(2);
    await tables.poolIsFree(node);
  });

  it('happens once with two instances on one group that have a copy each, at the same time', async () => {
    const inside = gate();
    let runs = 0;
    const slow = consumer('orders', 'stock', async (message, context) => {
      runs++;
      await tables.effect(context, message);
      inside.reach();
      await inside.pass;
    });
    // One place each, so that neither takes both.
    const consume = { concurrency: 1 };
    const first = await bootNode(db, { handlers: [slow], consume });
    const second = await bootNode(db, { handlers: [slow], consume, broker: first.broker });
    const outcomes = [first, second].flatMap((node) => [
      told(node, 'delivery.handled'),
      told(node, 'delivery.duplicate'),
    ]);
    await toWire(first, 'twins');
    await toWire(first, 'twins');
    await inside.reached;
    inside.open();
    await eventually(() => pending(first.broker) === 0);
    expect(runs).toBe(1);
    expect(await tables.effects()).toEqual(['twins']);
    expect(outcomes.flat()).toHaveLength(2);
  });

  it('happens once for many messages, each with copies, over two instances whose acknowledgements get lost', async () => {
    const first = await bootNode(db, { handlers: [counting] });
    const second = await bootNode(db, { handlers: [counting], broker: first.broker });
    first.broker.loseNextAcks(5);
    const ids = Array.from({ length: 20 }, (_, i) => `m${String(i).padStart(2, '0')}`);
    for (const id of [...ids, ...ids]) await toWire(first, id);
    await eventually(
      async () => {
        // Not before: on a busy machine handlers would lose every lease before they are done.
        if ((await tables.effects()).length === ids.length) leasesEnd(first.broker);
        return pending(first.broker) === 0;
      },
      { intervalMs: 1_000 },
    );
    expect(await tables.effects()).toEqual(ids);
    expect(await tables.inbox()).toHaveLength(20);
    await tables.poolIsFree(first);
    await tables.poolIsFree(second);
  });

  it('is that of another message when ids differ in case, in an accent or in a blank at the end', async () => {
    const node = await bootNode(db, { handlers: [counting] });
    const ids = ['order-a', 'order-A', 'order-a ', 'order-ä', 'order-ss', 'order-ß'];
    for (const id of ids) await toWire(node, id);
    await eventually(() => pending(node.broker) === 0);
    expect((await tables.effects()).toSorted()).toEqual(ids.toSorted());
    expect((await tables.inbox()).map(({ message_id }) => message_id).toSorted()).toEqual(ids.toSorted());
  });

  it('happens once for each group', async () => {
    const groups = { stock: { groupId: 'GID_stock' }, mail: { groupId: 'GID_mail' } };
    const mail = consumer('orders', 'mail', (message, context) => tables.effect(context, message));
    const node = await bootNode(db, { groups, handlers: [counting, mail] });
    const id = await publishOne(node);
    await toWire(node, id);
    await eventually(() => pending(node.broker) + pending(node.broker, 'GID_mail') === 0);
    expect(await tables.effects()).toEqual([id, id]);
    expect((await tables.inbox()).map(({ group_id }) => group_id)).toEqual(['GID_mail', 'GID_stock']);
  });

  it('comes again without an inbox: what `inbox: false` gives up', async () => {
    const groups = { stock: { groupId: 'GID_stock', inbox: false } };
    const node = await bootNode(db, { groups, handlers: [counting] });
    const id = await publishOne(node);
    await toWire(node, id);
    await eventually(() => pending(node.broker) === 0);
    expect(await tables.effects()).toEqual([id, id]);
    expect(await tables.inbox()).toEqual([]);
  });

  describe('over HTTP', () => {
    const overHttp = async (faults: Parameters<Awaited<ReturnType<typeof startEmulator>>['setFaults']>[0]) => {
      const clock = new ManualClock();
      const emulator = await startEmulator({ clock });
      emulator.setFaults(faults);
      const node = await bootNode(db, {
        transport: aliyunHttp({ endpoint: emulator.endpoint, accessKeyId: 'test', accessKeySecret: 'test' }),
        handlers: [counting],
      });
      const group = () => emulator.state().instances['']?.topics['shop_orders']?.groups['GID_stock'];
      const end = async (): Promise<void> => {
        await node.app.close();
        await emulator.close();
      };
      return { clock, emulator, node, group, end };
    };

    it('happens once although the broker stored the message twice', async () => {
      const { emulator, node, group, end } = await overHttp([{ operation: 'publish', times: 1, effect: 'duplicate' }]);
      const id = await publishOne(node);
      await eventually(() => group()?.acked === 2, { what: 'both copies acknowledged' });
      expect(emulator.state().instances['']!.topics['shop_orders']!.stored).toBe(2);
      expect(await tables.effects()).toEqual([id]);
      await end();
    });

    it('happens once although the answer to the send was lost and it was sent again', async () => {
      const { node, group, end } = await overHttp([{ operation: 'publish', times: 1, effect: 'accept-then-reset' }]);
      const id = await publishOne(node);
      await eventually(() => group()?.acked === 2, { what: 'both sends acknowledged' });
      expect(await tables.effects()).toEqual([id]);
      expect(await tables.statuses()).toMatchObject([{ id, status: 'SENT', failed_count: 1 }]);
      await end();
    });

    it('happens once although the broker forgot the acknowledgement and delivers again', async () => {
      const { clock, node, group, end } = await overHttp([{ operation: 'ack', times: 1, effect: 'drop-ack' }]);
      const duplicates = told(node, 'delivery.duplicate');
      const id = await publishOne(node);
      await eventually(async () => (await tables.effects()).length === 1);
      await eventually(() => {
        clock.advance(300_000);
        return duplicates.length > 0;
      });
      await eventually(() => group()?.acked === 1, { what: 'the acknowledgement of the copy' });
      expect(await tables.effects()).toEqual([id]);
      await end();
    });
  });

  it('is not taken for done because the sender says so: a message that is sent and never handled has no inbox row', async () => {
    const node = await bootNode(db);
    await publishOne(node);
    expect(await tables.statuses()).toMatchObject([{ status: 'SENT' }]);
    expect(await tables.inbox()).toEqual([]);
  });
});
