import 'reflect-metadata';
import { trace, TraceFlags } from '@opentelemetry/api';
import { MqAdminService, MqConsumer, type MqMessage } from 'nestjs-reliable-mq';
import { MqOpenTelemetryModule } from 'nestjs-reliable-mq/otel';
import { eventually } from '../../support/eventually.js';
import { mqDatabase } from '../../support/mq-app.js';
import { consumer } from '../../support/node/consumer.js';
import { bootNode, OWN, publishOne } from '../../support/node/node.js';
import { Tables } from '../../support/node/tables.js';
import { idOf, linkedTo, RecordedTraces, traceOf } from './support/recorded-traces.js';
import { acknowledged, bootTraced, FOREIGN_SPAN, TRACEPARENT } from './support/traced-node.js';

describe('MqOpenTelemetryModule', () => {
  const db = mqDatabase();
  const tables = new Tables(db);
  const traces = new RecordedTraces();
  const boot = bootTraced.bind(null, db);
  const traceColumn = async (): Promise<unknown> => (await db.query('SELECT trace FROM mq_status_log'))[0]!['trace'];

  it("with traceMode 'link' each delivery is a trace of its own, with a link to the request's", async () => {
    const node = await boot(undefined, {}, { traceMode: 'link' });
    await traces.inRequest(() => publishOne(node));
    const [process] = await traces.ended('process');
    const [create] = traces.named('create');
    expect(process!.parentSpanContext).toBeUndefined();
    expect(traceOf(process!)).not.toBe(traceOf(create!));
    expect(linkedTo(process!)).toEqual([idOf(create!)]);
  });

  it('of a batch each message has a span in its own trace; what the handler does belongs to that of the first', async () => {
    let fails = true;
    @MqConsumer('orders', 'stock', { batch: { size: 2, wait: '60s' } })
    class Stock {
      handle(messages: MqMessage[]): void {
        trace.getTracer('test').startSpan(`work ${messages.length}`).end();
        if (messages.length === 2 && fails) throw new Error('not together');
      }
    }
    const node = await boot(undefined, { handlers: [Stock] });
    await Promise.all([1, 2].map(() => traces.inRequest(() => publishOne(node))));
    // Two that were together, and each alone.
    const spans = await traces.ended('process', 4);
    const traceIds = traces.named('create').map(traceOf).toSorted();
    for (const outcome of ['unbatched', 'handled']) {
      const these = spans.filter((span) => span.attributes['mq.delivery.outcome'] === outcome);
      expect(these.map(traceOf).toSorted()).toEqual(traceIds);
      expect(these.map(({ attributes }) => attributes['mq.batch.message_count'])).toEqual(
        outcome === 'handled' ? [undefined, undefined] : [2, 2],
      );
    }
    fails = false;
    await node.mq.publish('orders', [{ payload: 3 }, { payload: 4 }], OWN);
    const together = (await traces.ended('process', 6)).slice(4);
    expect(together.map(({ attributes }) => attributes['mq.delivery.outcome'])).toEqual(['handled', 'handled']);
    const works = traces.named('work').filter(({ name }) => name === 'work 2');
    expect(works).toHaveLength(2);
    expect(together.map(idOf)).toContain(works[1]!.parentSpanContext!.spanId);
  });

  it('sendDirect() is traced as well', async () => {
    const node = await boot();
    const { span: request } = await traces.inRequest(() => node.mq.sendDirect('orders', { payload: 1 }));
    const [process] = await traces.ended('process');
    expect(traceOf(process!)).toBe(traceOf(request));
    expect(traces.named('create')[0]!.parentSpanContext!.spanId).toBe(idOf(request));
    expect(linkedTo(traces.named('send')[0]!)).toEqual([idOf(traces.named('create')[0]!)]);
  });

  it('the doctor asks the broker, as it does without traces', async () => {
    const node = await boot();
    const { checked, notChecked } = await node.app.get(MqAdminService).doctor();
    expect(notChecked.filter(({ check }) => check === 'broker')).toEqual([]);
    expect(checked).toContain('broker');
  });

  it('a message for whose trace the wire has no room goes without it', async () => {
    const node = await boot();
    const fill = 'x'.repeat(12_200);
    await node.mq.publish('orders', { payload: 1, headers: { fill } }, OWN);
    await eventually(() => node.broker.sent.length === 1);
    const { properties } = node.broker.sent[0]!;
    expect(properties).not.toHaveProperty('traceparent');
    // A few characters more, and it is refused: the trace was what did not fit.
    await expect(
      node.mq.publish('orders', { payload: 1, headers: { fill: `${fill}${'x'.repeat(100)}` } }, OWN),
    ).rejects.toThrow(/propert/i);
    expect(await traceColumn()).toBeNull();
  });

  it('a tracer that throws at everything costs no message', async () => {
    const broken = (): never => {
      throw new Error('the tracer is broken');
    };
    const span = new Proxy({}, { get: () => broken });
    const context = { ...FOREIGN_SPAN, traceFlags: TraceFlags.SAMPLED };
    const halfBroken = { spanContext: () => context, setAttribute: broken, setAttributes: broken, setStatus: broken };
    for (const startSpan of [broken, () => span, () => ({ ...halfBroken, recordException: broken, end: broken })]) {
      let handled = 0;
      const tracerProvider = { getTracer: () => ({ startSpan, startActiveSpan: broken }) } as never;
      const node = await boot(
        () => {
          handled++;
          if (handled === 1) throw new Error('once');
        },
        {},
        { tracerProvider },
      );
      await publishOne(node);
      await acknowledged(node);
      expect(handled).toBe(2);
      await node.app.close();
    }
  });

  it('nothing is written without the module, and what somebody else wrote there is carried all the same', async () => {
    const node = await bootNode(db, { handlers: [consumer('orders', 'stock', () => undefined)] });
    await traces.inRequest(() => publishOne(node));
    expect(await traceColumn()).toBeNull();
    expect(Object.keys(node.broker.sent[0]!.properties)).toEqual(['mq-id']);
    await acknowledged(node);
    expect(['create', 'send', 'receive', 'process', 'ack'].flatMap((name) => traces.named(name))).toEqual([]);

    for (const [written, carried] of [
      [`{"traceparent":"${TRACEPARENT}"}`, TRACEPARENT],
      ['{', undefined],
      ['[]', undefined],
      ['null', undefined],
      ['{"traceparent":1,"mq-id":"other"}', undefined],
    ] as const) {
      await db.query(
        `UPDATE mq_status_log SET trace = '${written}', status = 'PENDING', due_at = 0, done_at = NULL, broker_message_id = NULL`,
      );
      const before = node.broker.sent.length;
      await eventually(() => node.broker.sent.length > before);
      expect(node.broker.sent.at(-1)!.properties['traceparent']).toBe(carried);
      expect(node.broker.sent.at(-1)!.properties['mq-id']).toBe(node.broker.sent[0]!.properties['mq-id']);
      await eventually(async () => (await tables.statuses())[0]!.status === 'SENT');
    }
  });

  it('a wrong traceMode is refused', () => {
    expect(() => MqOpenTelemetryModule.forRoot({ traceMode: 'child' as 'link' })).toThrow(/'parent' or 'link'/);
  });
});
