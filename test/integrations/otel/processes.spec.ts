import 'reflect-metadata';
import { join } from 'node:path';
import { context, createTraceState, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import type { MqModuleOptions } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { MqOpenTelemetryModule } from 'nestjs-reliable-mq/otel';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { startEmulator } from 'nestjs-reliable-mq-emulator';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import { eventually } from '../../support/eventually.js';
import { mqDatabase } from '../../support/mq-app.js';
import { consumer } from '../../support/node/consumer.js';
import { bootNode, OWN } from '../../support/node/node.js';
import { Program } from '../../support/program.js';
import { describeRocketmq, useRocketmq } from '../../support/rocketmq/use-rocketmq.js';
import { idOf, RecordedTraces, traceOf } from './support/recorded-traces.js';
import { FOREIGN_SPAN } from './support/traced-node.js';

/** As the other process prints it. */
interface PrintedSpan {
  readonly span: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: string;
  readonly tracestate?: string;
}

/** With what the wire of HTTP cannot carry as it is. */
const TRACESTATE = 'vendor=a:b|c&"d"';

describe('a trace goes from a request through the handler in another process to what that publishes', () => {
  const db = mqDatabase();
  const traces = new RecordedTraces();
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

  async function goesThrough(
    transport: MqModuleOptions['transport'],
    env: { readonly TRANSPORT: string; readonly ENDPOINT: string },
    names: Pick<MqModuleOptions, 'topics'> & Required<Pick<MqModuleOptions, 'groups'>>,
  ): Promise<void> {
    // It makes the tables.
    const node = await bootNode(db, {
      transport,
      ...names,
      handlers: [consumer('receipts', 'ledger', () => undefined)],
      imports: [MqOpenTelemetryModule.forRoot()],
    });
    const { program } = await Program.start(join(__dirname, 'support/handling-process.mjs'), {
      env: { DATABASE_URL: db.url, ...env, NAMES: JSON.stringify(names) },
      ready: /^ready$/,
    });
    // As the request of yet another process comes in.
    const caller = { ...FOREIGN_SPAN, traceFlags: TraceFlags.SAMPLED, isRemote: true };
    const from = trace.setSpanContext(ROOT_CONTEXT, { ...caller, traceState: createTraceState(TRACESTATE) });
    const { span: request } = await context.with(from, () =>
      traces.inRequest(() => node.mq.publish('orders', { payload: 1 }, OWN)),
    );
    expect(traceOf(request)).toBe(caller.traceId);

    const [last] = await traces.ended('process');
    const printed = (name: string): Promise<PrintedSpan> =>
      eventually(
        () =>
          program.stdout
            .filter((line) => line.startsWith('{"span"'))
            .map((line) => JSON.parse(line) as PrintedSpan)
            .find(({ span }) => span.startsWith(`${name} `)),
        { what: `the span '${name}' of the other process` },
      );
    const [handled, receipt] = [await printed('process'), await printed('create')];
    const [create] = traces.named('create');
    const same = { traceId: caller.traceId, tracestate: TRACESTATE };
    expect(create!.parentSpanContext!.spanId).toBe(idOf(request));
    expect(handled).toMatchObject({ ...same, parent: idOf(create!) });
    expect(receipt).toMatchObject({ ...same, parent: handled.spanId });
    expect(last!.parentSpanContext!.spanId).toBe(receipt.spanId);
    expect(traceOf(last!)).toBe(caller.traceId);
    expect(last!.spanContext().traceState!.serialize()).toBe(TRACESTATE);
    await program.stop();
  }

  it('over the HTTP protocol', async () => {
    const { endpoint, close } = await startEmulator();
    try {
      await goesThrough(
        aliyunHttp({ endpoint, accessKeyId: 'test', accessKeySecret: 'test', identity: 'traced' }),
        { TRANSPORT: 'aliyun-http', ENDPOINT: endpoint },
        {
          topics: { orders: { topic: 'shop_orders' }, receipts: { topic: 'shop_receipts' } },
          groups: { stock: { groupId: 'GID_stock' }, ledger: { groupId: 'GID_ledger' } },
        },
      );
    } finally {
      await close();
    }
  });

  describeRocketmq('over RocketMQ 5', () => {
    const broker = useRocketmq();

    it('likewise', async () => {
      await goesThrough(
        rocketmq({ endpoints: broker.endpoint }),
        { TRANSPORT: 'rocketmq', ENDPOINT: broker.endpoint },
        {
          topics: { orders: { topic: await broker.topic() }, receipts: { topic: await broker.topic() } },
          groups: { stock: { groupId: await broker.group() }, ledger: { groupId: await broker.group() } },
        },
      );
    });
  });
});
