import { ManualClock } from 'nestjs-reliable-mq/testing';
import { reportShutdown, type UnderWay } from '../../../libs/mq/src/nest/lifecycle/shutdown-report.js';

/** A shutdown that looks at `underWay` and writes into `lines`. */
function given(underWay: UnderWay) {
  const clock = new ManualClock();
  const state = { ...underWay };
  const lines: string[] = [];
  const logger = { write: (event: string, text: string) => void lines.push(`${event}: ${text}`) };
  const finish = reportShutdown({ clock, logger, drainMs: 30_000 }, () => state);
  return { clock, state, lines, finish };
}

const delivery = (messageId: string) => ({ topic: 'orders', group: 'stock', messageId });

it('says at once what it waits for, every five seconds what is left, and when all has ended', async () => {
  const { clock, state, lines, finish } = given({ deliveries: [delivery('a'), delivery('b')], sends: ['c'] });
  expect(lines).toEqual([
    'shutdown.waits: stopping, 30 s at most: waits for 2 deliveries (orders/stock#a, orders/stock#b) and 1 message on the wire (c)',
  ]);
  Object.assign(state, { deliveries: [delivery('b')], sends: [] });
  await clock.advance(4_999);
  expect(lines).toHaveLength(1);
  await clock.advance(1);
  expect(lines.slice(1)).toEqual(['shutdown.waits: stopping since 5 s: waits for 1 delivery (orders/stock#b)']);
  Object.assign(state, { deliveries: [] });
  await clock.advance(5_000);
  expect(lines.slice(2)).toEqual(['shutdown.waits: stopping since 10 s: results are written down']);
  finish();
  expect(lines.slice(3)).toEqual(['shutdown.drained: everything has stopped after 10 s']);
  await clock.advance(60_000);
  expect(lines).toHaveLength(4);
});

it('names what it gives up, and of many only five', () => {
  const ids = ['1', '2', '3', '4', '5', '6'];
  const { lines, finish } = given({ deliveries: ids.map(delivery), sends: [] });
  finish();
  const named = ids.slice(0, 5).map((id) => `orders/stock#${id}`);
  expect(lines.at(-1)).toBe(
    `shutdown.drained: everything has stopped after 0 ms; given up: waits for 6 deliveries (${named.join(', ')}, …)`,
  );
});

it('says that nothing is under way', () => {
  expect(given({ deliveries: [], sends: [] }).lines).toEqual(['shutdown.waits: stopping: nothing is under way']);
});
