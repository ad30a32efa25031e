import 'reflect-metadata';
import {
  getMqTransportToken,
  type MqAlert,
  MqConsumer,
  type MqLogger,
  MqProducerService,
  PermanentError,
} from 'nestjs-reliable-mq';
import { type MemoryTransport, memoryTransport } from 'nestjs-reliable-mq/testing';
import { eventually } from '../support/eventually.js';
import { bootMq, mqDatabase } from '../support/mq-app.js';

/** Text that would make a second line in a log, set a terminal's title and colours; then the line ends that only Unicode knows, and a reversed writing direction. */
const FORGED = 'x\r\n2026-01-01 ERROR all is lost\u001b]0;owned\u0007\u001b[31m\u0085\u2028\u2029\u202e';
// oxlint-disable-next-line no-control-regex
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

const TAGS = ['created', FORGED, `${FORGED}nobody's`];

@MqConsumer('orders', 'stock', { tags: ['created', FORGED] })
class Failing {
  handle(): never {
    throw new PermanentError(`no such sku: ${FORGED}`);
  }
}

const db = mqDatabase();

/** An application that keeps its lines and alerts. */
async function boot(more: object = {}) {
  const lines: string[] = [];
  const alerts: MqAlert[] = [];
  const note = (line: unknown): void => void lines.push(String(line));
  const logger: MqLogger = { log: note, warn: note, error: note, debug: note };
  const app = await bootMq(
    db,
    {
      transport: memoryTransport({ profile: 'rich' }),
      topics: { orders: { topic: 'shop_orders' } },
      groups: { stock: { groupId: 'GID_stock', tags: TAGS, identify: ({ body }) => body.slice(1, -1) || undefined } },
      log: { logger, produced: true, consumed: true },
      onAlert: (alert) => void alerts.push(alert),
      alertEvery: 0,
      ...more,
    },
    { providers: [Failing] },
  );
  const transport = app.get<MemoryTransport>(getMqTransportToken());
  return { app, lines, alerts, transport };
}

it('a line stays one line, and an alert too, whatever ids, tags and errors are made of', async () => {
  const { lines, alerts, transport } = await boot();
  const message = { topic: 'shop_orders', instanceId: null, key: FORGED, deliverAt: null, orderingKey: null };
  const send = (tag: string, body: string): Promise<unknown> =>
    transport.send({ ...message, tag, body, properties: {} }, new AbortController().signal);
  await send('created', `"${FORGED}-1"`);
  await send(FORGED, '"2"');
  await send(TAGS[2]!, '"3"');
  await send('created', `no JSON ${FORGED}`);
  await eventually(() => alerts.length >= 4, { what: 'an alert for each' });
  expect(lines.filter((line) => line.includes('was parked'))).toHaveLength(4);
  expect([...lines, ...alerts.map((alert) => alert.message)].filter((line) => UNFIT.test(line))).toEqual([]);
  // Told all the same.
  expect(lines.some((line) => line.includes('no such sku: x 2026-01-01 ERROR all is lost ]0;owned [31m'))).toBe(true);
});

it('alerts go on when the clock of the machine is set back', async () => {
  const { app, alerts } = await boot({ alertEvery: 1 });
  const publish = (): Promise<unknown> =>
    app.get(MqProducerService).publish('orders', { payload: 1, tag: 'created' }, { transaction: 'own' });
  await publish();
  await eventually(() => alerts.length === 1);
  const now = Date.now.bind(Date);
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  try {
    await publish();
    await eventually(() => alerts.length === 2, { what: 'the second alert' });
  } finally {
    clock.mockRestore();
  }
});
