import { MqEvents } from '../core/events/event-bus.js';
import type { FailureInfo } from '../core/events/event-map.js';
import { Heartbeat } from '../core/nodes/heartbeat.js';
import { PauseBoard } from '../core/pauses/pause-board.js';
import { ManualClock } from '../testing/manual-clock.js';
import { lineLogger } from './line-logger.js';
import type { MqLogLine } from './log-line.js';
import { logEvents } from './log-subscriber.js';
import { Outages } from './outages.js';

const AWAY: FailureInfo = { code: 'MQ_BROKER_UNAVAILABLE', message: 'connect ECONNREFUSED' };
const NO_TOPIC: FailureInfo = { code: 'MQ_BROKER_REJECTED', message: 'no such topic' };
const NO_DATABASE: FailureInfo = { code: 'MQ_DATABASE_UNAVAILABLE', message: 'Connection terminated' };
const GROUPS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

function given({ waiting = 12 as number | null } = {}) {
  const clock = new ManualClock();
  const events = new MqEvents();
  const lines: MqLogLine[] = [];
  const note = (line: unknown): void => void lines.push(line as MqLogLine);
  const logger = lineLogger({ log: note, warn: note, error: note, debug: note });
  const outages = new Outages(events, {
    clock,
    logger,
    broker: 'http at mq.local',
    topicOf: (alias) => `shop_${alias}`,
    waiting: () => Promise.resolve(waiting),
  });
  logEvents(events, logger, {
    clock,
    produced: false,
    consumed: false,
    isExplained: (topic) => outages.explains(topic),
  });
  const poll = (group: string, error = AWAY): void =>
    events.emit('loop.failed', { loop: `consumer:orders/${group}`, error, topic: 'orders', group });
  const pollWorks = (group: string): void =>
    events.emit('loop.recovered', { loop: `consumer:orders/${group}`, failedMs: 1, topic: 'orders', group });
  const statement = (loop: string): void => events.emit('loop.failed', { loop, error: NO_DATABASE });
  const names = (): string[] => lines.map(({ event }) => event);
  return { clock, events, lines, outages, poll, pollWorks, statement, names };
}

it('an outage of the broker is one line when it begins, one a minute, and one when it is over', async () => {
  const { clock, events, lines, poll, pollWorks, names } = given();
  events.emit('circuit.opened', { scope: 'connection', error: AWAY });
  for (let second = 0; second < 90; second += 3) {
    for (const group of GROUPS) poll(group);
    const waits = { messageId: `m${second}`, topic: 'orders', key: 'k', attempt: 0, counted: false, delayMs: 1_000 };
    events.emit('message.rescheduled', { ...waits, error: AWAY });
    events.emit('ack.failed', { topic: 'orders', group: GROUPS[0]!, count: 1, settlement: 'unknown' });
    await clock.advance(3_000);
  }
  events.emit('circuit.closed', { scope: 'connection', openMs: 90_000 });
  for (const group of GROUPS) pollWorks(group);
  for (let sent = 0; sent < 3; sent++) events.emit('message.sent', { messageId: `m${sent}`, topic: 'orders' } as never);
  await clock.advance(60_000);
  expect(names()).toEqual(['outage.began', 'outage.goes-on', 'outage.ended']);
  expect(String(lines[0])).toMatch(
    /^the broker \(http at mq\.local\) cannot be used: connect ECONNREFUSED\. Messages wait/,
  );
  expect(String(lines[1])).toMatch(
    /has not been usable for 60 s, since .*: 12 messages in the outbox, the polls of 8 groups fail/,
  );
  expect(String(lines[2])).toBe('the broker (http at mq.local) can be used again, after 90 s; 3 messages left since');
  expect(lines[1]).toMatchObject({ code: 'MQ_BROKER_UNAVAILABLE', waiting: 12, durationMs: 60_000 });
});

it('says that nobody can count what waits', async () => {
  const { clock, events, lines } = given({ waiting: null });
  events.emit('circuit.opened', { scope: 'connection', error: AWAY });
  await clock.advance(60_000);
  expect(String(lines[1])).toContain('nobody can count what waits');
});

it('a topic that is missing is an outage of its own, for sending and for polls', async () => {
  const { events, outages, poll, names } = given();
  events.emit('circuit.opened', { scope: 'topic shop_orders', error: NO_TOPIC });
  poll('a', NO_TOPIC);
  expect(names()).toEqual(['outage.began']);
  expect(outages.current()).toMatchObject([{ cause: 'topic shop_orders', polls: 1 }]);
  expect([outages.explains('orders'), outages.explains('bills')]).toEqual([true, false]);
});

it('what comes and goes is told once a minute', async () => {
  const { clock, poll, pollWorks, names } = given();
  for (let second = 0; second < 300; second += 10) {
    poll('a');
    await clock.advance(2_000);
    pollWorks('a');
    await clock.advance(8_000);
  }
  // Began and ended in the first seconds; then only what still fails when its minute is over.
  expect(names().length).toBeLessThanOrEqual(2 + 2 * 5);
});

it('goes on as one outage when it fails again before it has settled', async () => {
  const { clock, poll, pollWorks, names } = given();
  for (let i = 0; i < 5; i++) {
    poll('a');
    await clock.advance(1_000);
    pollWorks('a');
    await clock.advance(1_000);
  }
  expect(names()).toEqual(['outage.began']);
  await clock.advance(10_000);
  expect(names()).toEqual(['outage.began', 'outage.ended']);
});

describe('the database', () => {
  it('is one outage of the relay, the consumers and what they were to write', async () => {
    const { clock, events, statement, names } = given();
    for (const loop of ['relay', 'consumer:database', 'mark', 'consumer:orders/a parking', 'confirm']) statement(loop);
    events.emit('loop.recovered', { loop: 'consumer:database', failedMs: 1 });
    await clock.advance(10_000);
    expect(names()).toEqual(['outage.began']);
    events.emit('loop.recovered', { loop: 'relay', failedMs: 1 });
    await clock.advance(10_000);
    expect(names()).toEqual(['outage.began', 'outage.ended']);
  });

  it('works again when a statement succeeds, for a process in which nothing else says so', async () => {
    const { clock, events, statement, names } = given();
    statement('confirm');
    await clock.advance(30_000);
    expect(names()).toEqual(['outage.began']);
    events.emit('message.published', { topic: 'orders', count: 1 });
    await clock.advance(6_000);
    expect(names()).toEqual(['outage.began', 'outage.ended']);
  });

  it('is away for as long as the heartbeat says so, in a process that does nothing else', async () => {
    const { clock, events, names } = given();
    let away = true;
    const nodes = {
      beat: () => (away ? Promise.reject(new Error('ECONNREFUSED')) : Promise.resolve(0)),
      leave: () => Promise.resolve(),
    };
    const heartbeat = new Heartbeat({
      connection: 'default',
      instance: 'host:1',
      nodes: nodes as never,
      pauses: {} as never,
      board: new PauseBoard(clock, events),
      clock,
      random: () => 0.5,
      events,
      state: () => ({}) as never,
    });
    await heartbeat.start(['publish']);
    for (let second = 0; second < 150; second++) await clock.advance(1_000);
    expect(names()).toEqual(['outage.began', 'outage.goes-on', 'outage.goes-on']);
    away = false;
    for (let second = 0; second < 16; second++) await clock.advance(1_000);
    expect(names().slice(3)).toEqual(['outage.ended']);
    await heartbeat.stop();
  });

  it('or when nothing has failed for a minute', async () => {
    const { clock, statement, names } = given();
    statement('mark');
    await clock.advance(66_000);
    expect(names()).toEqual(['outage.began', 'outage.ended']);
  });
});

it('nothing is written after it was stopped', async () => {
  const { clock, poll, outages, names } = given();
  poll('a');
  outages.stop();
  await clock.advance(120_000);
  poll('b');
  expect(names()).toEqual(['outage.began']);
});
