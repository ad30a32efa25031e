import 'reflect-metadata';
import { SpanStatusCode } from '@opentelemetry/api';
import { MqAdminService, PermanentError } from 'nestjs-reliable-mq';
import { eventually } from '../../support/eventually.js';
import { mqDatabase } from '../../support/mq-app.js';
import { leasesEnd, OWN, publishOne } from '../../support/node/node.js';
import { Tables } from '../../support/node/tables.js';
import { idOf, linkedTo, RecordedTraces, traceOf } from './support/recorded-traces.js';
import { acknowledged, bootTraced, FOREIGN_MESSAGE, FOREIGN_SPAN, TRACEPARENT } from './support/traced-node.js';

describe('traces that go on with', () => {
  const db = mqDatabase();
  const traces = new RecordedTraces();
  const boot = bootTraced.bind(null, db);
  new Tables(db);

  describe('copies', () => {
    it('of a message whose answer was lost: two sends with one link, and a delivery that is a duplicate', async () => {
      const node = await boot();
      node.broker.failNextSends('unknown', { stored: true });
      await node.mq.publish('orders', { payload: 1 }, OWN);
      const sends = await traces.ended('send', 2);
      const [create] = traces.named('create');
      expect(sends.map(linkedTo)).toEqual([[idOf(create!)], [idOf(create!)]]);
      expect(sends.map(({ status }) => status.code)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.UNSET]);
      const deliveries = await traces.ended('process', 2);
      expect(deliveries.filter(({ attributes }) => attributes['mq.inbox.duplicate'])).toHaveLength(1);
      expect(deliveries.map(({ parentSpanContext }) => parentSpanContext!.spanId)).toEqual(
        Array(2).fill(idOf(create!)),
      );
    });

    it('of one whose process ended between send and mark: whoever sends it again links to the same span', async () => {
      const dead = await boot(undefined, { role: 'api' });
      await publishOne(dead);
      await dead.app.close();
      // What a process leaves that is killed there: leased, and its lease runs out.
      await db.query(
        `UPDATE mq_status_log SET status = 'SENDING', lease_token = 'dead', due_at = 0, done_at = NULL, broker_message_id = NULL`,
      );
      await boot(undefined, { broker: dead.broker });
      const sends = await traces.ended('send', 2);
      const [create] = traces.named('create');
      expect(sends.map(linkedTo)).toEqual([[idOf(create!)], [idOf(create!)]]);
    });

    it('that the broker delivers again are spans of the same trace', async () => {
      const node = await boot();
      node.broker.loseNextAcks(1_000);
      const { span: request } = await traces.inRequest(() => publishOne(node));
      await traces.ended('ack');
      expect(traces.named('ack')[0]!.attributes['error.type']).toBe('unknown');
      leasesEnd(node.broker);
      node.broker.heal();
      const deliveries = await traces.ended('process', 2);
      expect(deliveries.map(traceOf)).toEqual(Array(2).fill(traceOf(request)));
      expect(deliveries[1]!.attributes).toMatchObject({
        'mq.inbox.duplicate': true,
        'mq.delivery.outcome': 'duplicate',
      });
    });

    it('that an operator asks for keep the context: of what was not sent, and of what was not handled', async () => {
      let broken = true;
      const node = await boot(() => {
        if (broken) throw new PermanentError('no such sku');
      });
      const admin = node.app.get(MqAdminService);
      node.broker.failNextSends('invalid');
      const { span: request } = await traces.inRequest(() => publishOne(node));
      const replay = async (status: 'DEAD' | 'PARKED'): Promise<void> => {
        const record = await eventually(async () => (await admin.find({ status }))[0]);
        expect(await admin.replay([record.id], { reason: 'test' })).toMatchObject([{ outcome: 'replayed' }]);
      };
      await replay('DEAD');
      await traces.ended('process');
      broken = false;
      // Whose row is long gone, as it is where another service has published it.
      await db.query('DELETE FROM mq_status_log');
      await replay('PARKED');
      const deliveries = await traces.ended('process', 2);
      const [create] = traces.named('create');
      expect(traces.named('create')).toHaveLength(1);
      expect(deliveries.map(({ parentSpanContext }) => parentSpanContext!.spanId)).toEqual(
        Array(2).fill(idOf(create!)),
      );
      expect(deliveries.map(traceOf)).toEqual(Array(2).fill(traceOf(request)));
    });
  });

  describe('messages of others', () => {
    it('go on in the trace that they came with', async () => {
      const node = await boot(
        async (_message, { manager }) => {
          await node.mq.publish('more', { payload: 2 }, { manager });
        },
        { topics: { orders: { topic: 'shop_orders' }, more: { topic: 'shop_more' } } },
      );
      node.broker.accept({
        ...FOREIGN_MESSAGE,
        properties: { traceparent: TRACEPARENT, tracestate: 'vendor=a:b|c' },
      });
      const [process] = await traces.ended('process');
      expect(process!.parentSpanContext).toMatchObject({ ...FOREIGN_SPAN, isRemote: true });
      const sent = await eventually(() => node.broker.sent.find(({ topic }) => topic === 'shop_more'));
      expect(sent.properties).toMatchObject({
        traceparent: expect.stringContaining(FOREIGN_SPAN.traceId) as string,
        tracestate: 'vendor=a:b|c',
      });
    });

    it.each([
      ['nothing', {}],
      ['garbage', { traceparent: 'yes' }],
      ['ids of zeros', { traceparent: `00-${'0'.repeat(32)}-${FOREIGN_SPAN.spanId}-01` }],
      ['half of an id', { traceparent: TRACEPARENT.slice(0, 50) }],
    ])('that say %s begin a trace', async (_, properties) => {
      const node = await boot();
      node.broker.accept({ ...FOREIGN_MESSAGE, properties });
      const [process] = await traces.ended('process');
      expect(process!.parentSpanContext).toBeUndefined();
      expect(process!.links).toEqual([]);
      expect(process!.attributes['mq.delivery.outcome']).toBe('handled');
    });

    it('that nobody samples are not recorded here either', async () => {
      const node = await boot();
      node.broker.accept({ ...FOREIGN_MESSAGE, properties: { traceparent: TRACEPARENT.replace(/01$/, '00') } });
      await acknowledged(node);
      await traces.ended('ack');
      expect(traces.named('process')).toEqual([]);
    });
  });
});
