import 'reflect-metadata';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { MqStatusLog, PermanentError } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { eventually } from '../../support/eventually.js';
import { mqDatabase } from '../../support/mq-app.js';
import { type Node, OWN, publishOne } from '../../support/node/node.js';
import { Tables } from '../../support/node/tables.js';
import { idOf, linkedTo, RecordedTraces, traceOf } from './support/recorded-traces.js';
import { acknowledged, bootTraced, FOREIGN_MESSAGE } from './support/traced-node.js';

describe('the spans of', () => {
  const db = mqDatabase();
  const traces = new RecordedTraces();
  const boot = bootTraced.bind(null, db);
  new Tables(db);

  describe('a message', () => {
    it('is one trace from the request to the handler; its sending, receiving and acknowledging are linked to it', async () => {
      const node = await boot();
      const { span: request } = await traces.inRequest(async () => {
        await node.mq.publish('orders', { payload: 1, key: 'order-7', tag: 'created' }, OWN);
      });
      await acknowledged(node);
      const [[create], [send], [receive], [process], [ack]] = await Promise.all(
        ['create', 'send', 'receive', 'process', 'ack'].map((name) => traces.ended(`${name} shop_orders`)),
      );

      expect(create).toMatchObject({ kind: SpanKind.PRODUCER, parentSpanContext: { spanId: idOf(request) } });
      expect(process).toMatchObject({ kind: SpanKind.CONSUMER, parentSpanContext: { spanId: idOf(create!) } });
      expect(process!.parentSpanContext!.isRemote).toBe(true);
      for (const span of [create, process]) expect(traceOf(span!)).toBe(traceOf(request));
      for (const span of [send, receive, ack]) {
        expect(span).toMatchObject({ kind: SpanKind.CLIENT, parentSpanContext: undefined });
        expect(traceOf(span!)).not.toBe(traceOf(request));
      }
      for (const span of [send, receive, process, ack]) expect(linkedTo(span!)).toEqual([idOf(create!)]);

      const [{ brokerMessageId, properties }] = node.broker.sent as [(typeof node.broker.sent)[number]];
      const common = {
        'messaging.system': 'rocketmq',
        'messaging.destination.name': 'shop_orders',
        'messaging.rocketmq.namespace': '',
        'messaging.rocketmq.message.keys': ['order-7'],
        'messaging.rocketmq.message.tag': 'created',
        'messaging.client.id': expect.stringMatching(/:\d+$/),
        'mq.connection': 'default',
        'mq.message.id': properties['mq-id'],
      };
      const consumed = {
        ...common,
        'messaging.consumer.group.name': 'GID_stock',
        'messaging.rocketmq.consumption_model': 'clustering',
        'messaging.message.id': brokerMessageId,
      };
      const operation = (name: string, type = name): object => ({
        'messaging.operation.name': name,
        'messaging.operation.type': type,
      });
      const normal = { 'messaging.rocketmq.message.type': 'normal' };
      expect(create!.attributes).toEqual({ ...common, ...normal, ...operation('create') });
      expect(send!.attributes).toEqual({
        ...common,
        ...normal,
        ...operation('send'),
        'messaging.message.id': brokerMessageId,
      });
      expect(receive!.attributes).toEqual({ ...consumed, ...operation('receive') });
      expect(ack!.attributes).toEqual({ ...consumed, ...operation('ack', 'settle') });
      expect(process!.attributes).toEqual({
        ...consumed,
        ...operation('process'),
        'mq.delivery.attempt': 1,
        'mq.delivery.outcome': 'handled',
      });
      for (const span of [create, send, receive, process, ack]) expect(span!.status.code).toBe(SpanStatusCode.UNSET);
    });

    it('carries the context of its own span, and of no other, in its row and on the wire', async () => {
      const node = await boot();
      await traces.inRequest(() =>
        node.mq.publish('orders', [{ payload: 1 }, { payload: 2 }], OWN).then((publication) => publication.sent()),
      );
      const created = await traces.ended('create', 2);
      const contexts = created.map((span) => `00-${traceOf(span)}-${idOf(span)}-01`);
      expect(node.broker.sent.map(({ properties }) => properties['traceparent']).toSorted()).toEqual(
        contexts.toSorted(),
      );
      const rows = await node.dataSource.getRepository(MqStatusLog).find();
      expect(rows.map(({ trace }) => JSON.parse(trace!) as unknown)).toEqual(
        expect.arrayContaining(contexts.map((traceparent) => ({ traceparent }))),
      );
    });

    it('that a handler publishes, and the spans that it makes, belong to the span of its delivery', async () => {
      const node: Node = await boot(
        async ({ payload }, { manager }) => {
          await new Promise((resolve) => setImmediate(resolve));
          trace.getTracer('test').startSpan('look something up').end();
          if (payload === 'first') await node.mq.publish('orders', { payload: 'second' }, { manager });
        },
        { groups: { stock: { groupId: 'GID_stock', concurrency: 1 } } },
      );
      const { span: request } = await traces.inRequest(() => publishOne(node, 'first'));
      const [first, second] = await traces.ended('process', 2);
      const [, create] = await traces.ended('create', 2);
      expect(create!.parentSpanContext!.spanId).toBe(idOf(first!));
      expect(second!.parentSpanContext!.spanId).toBe(idOf(create!));
      expect((await traces.ended('look', 2)).map((span) => span.parentSpanContext!.spanId)).toEqual([
        idOf(first!),
        idOf(second!),
      ]);
      expect(traceOf(second!)).toBe(traceOf(request));
    });

    it('says where it is ordered, delayed or of another instance', async () => {
      const node = await boot(undefined, {
        topics: { orders: { topic: 'shop_orders', instanceId: 'MQ_INST_1', ordered: true } },
      });
      await node.mq.publish('orders', { payload: 1, orderingKey: 'k' }, OWN);
      await node.mq.publish('orders', { payload: 2, deliverAt: new Date(1_000) }, OWN);
      const [fifo, delayed] = await traces.ended('create', 2);
      expect(fifo!.attributes).toMatchObject({
        'messaging.rocketmq.message.type': 'fifo',
        'messaging.rocketmq.message.group': 'k',
        'messaging.rocketmq.namespace': 'MQ_INST_1',
      });
      expect(delayed!.attributes).toMatchObject({ 'messaging.rocketmq.message.type': 'delay' });
      const sent = await traces.ended('send', 2);
      const times = sent.map(({ attributes }) => attributes['messaging.rocketmq.message.delivery_timestamp']);
      expect(times.filter(Boolean)).toEqual([1_000]);
      const processed = await traces.ended('process', 2);
      expect(processed.map(({ attributes }) => attributes['messaging.rocketmq.namespace'])).toEqual(
        Array(2).fill('MQ_INST_1'),
      );
    });

    it('of many that are received or acknowledged in one call is one link, with its id', async () => {
      const node = await boot(undefined, { role: 'api' });
      await node.mq.publish('orders', [{ payload: 1 }, { payload: 2 }], OWN);
      await eventually(() => node.broker.sent.length === 2);
      await boot(undefined, { broker: node.broker });
      const [receive] = await traces.ended('receive');
      expect(receive!.attributes).toMatchObject({ 'messaging.batch.message_count': 2 });
      expect(receive!.attributes).not.toHaveProperty(['messaging.message.id']);
      expect(linkedTo(receive!).toSorted()).toEqual(traces.named('create').map(idOf).toSorted());
      expect(receive!.links.map(({ attributes }) => attributes!['messaging.message.id'])).toEqual(
        node.broker.sent.map(({ brokerMessageId }) => brokerMessageId),
      );
    });
  });

  describe('what fails', () => {
    it('is a span for each attempt, and the one that parks the message says so', async () => {
      let attempts = 0;
      const node = await boot(() => {
        attempts++;
        throw attempts === 3 ? new PermanentError('no such sku') : new RangeError('not yet');
      });
      const { span: request } = await traces.inRequest(() => publishOne(node));
      const spans = await traces.ended('process', 3);
      expect(
        spans.map(({ attributes }) => [attributes['mq.delivery.attempt'], attributes['mq.delivery.outcome']]),
      ).toEqual([
        [1, 'failed'],
        [2, 'failed'],
        [3, 'parked'],
      ]);
      for (const span of spans) {
        expect(traceOf(span)).toBe(traceOf(request));
        expect(span.status.code).toBe(SpanStatusCode.ERROR);
        expect(span.attributes['error.type']).toBe('MQ_HANDLER_FAILED');
        expect(span.events).toHaveLength(1);
      }
      expect(spans[0]!.status.message).toBe('not yet');
      expect(spans[0]!.events[0]).toMatchObject({
        name: 'exception',
        attributes: { 'exception.type': 'RangeError', 'exception.message': 'not yet' },
      });
    });

    it('because the body cannot be read is a span as well, though no handler runs', async () => {
      const node = await boot();
      node.broker.accept({ ...FOREIGN_MESSAGE, body: 'no JSON' });
      const [span] = await traces.ended('process');
      expect(span!.status.code).toBe(SpanStatusCode.ERROR);
      expect(span!.attributes).toMatchObject({ 'mq.delivery.outcome': 'parked', 'error.type': 'MQ_PAYLOAD_INVALID' });
    });

    it('because the database is away says that, and that nothing was handled', async () => {
      const node = await boot(undefined, { role: 'api' });
      await publishOne(node);
      await db.query('ALTER TABLE mq_inbox RENAME TO mq_inbox_away');
      try {
        await boot(undefined, { broker: node.broker });
        const [span] = await traces.ended('process');
        expect(span!.attributes['error.type']).toBe('MQ_DATABASE_UNAVAILABLE');
        expect(span!.attributes['mq.delivery.outcome']).not.toBe('handled');
      } finally {
        await db.query('ALTER TABLE mq_inbox_away RENAME TO mq_inbox');
      }
    });

    it("at the broker has the broker's code, or ours where it has none that could be a label", async () => {
      const node = await boot();
      const busy = new TransportError('throttled', 'busy', { brokerCode: 'SYSTEM_BUSY' });
      node.broker.failNextSends(busy);
      await node.mq.publish('orders', { payload: 1 }, OWN);
      const [failed] = await traces.ended('send', 2);
      expect(failed!.status.code).toBe(SpanStatusCode.ERROR);
      expect(failed!.attributes['error.type']).toBe('SYSTEM_BUSY');

      node.broker.failNextSends(new TransportError('unknown', 'odd', { brokerCode: `<html>${'x'.repeat(99)}` }));
      await node.mq.publish('orders', { payload: 2 }, OWN);
      await eventually(() => node.broker.sent.length === 2);
      expect(traces.named('send').map(({ attributes }) => attributes['error.type'])).toContain('MQ_OUTCOME_UNKNOWN');
    });

    it('in publish() is told by the span of the message that is not there', async () => {
      const node = await boot();
      const publishing = node.dataSource.transaction(async (manager) => {
        await manager.query('SELECT no_such_column').catch(() => undefined);
        await node.mq.publish('orders', { payload: 1 }, { manager });
      });
      await expect(publishing).rejects.toThrow();
      const [create] = traces.named('create');
      expect(create!.status.code).toBe(SpanStatusCode.ERROR);
      expect(node.broker.sent).toEqual([]);
    });
  });
});
