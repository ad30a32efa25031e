import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from 'nestjs-reliable-mq-emulator';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import type { Program } from '../../support/program.js';
import { startEmulatorProgram } from './support/emulator-program.js';
import { startForTest } from './support/emulators.js';
import { codeOf, MQClient, propertiesOf, type SdkClient, type SdkMessage } from '../../support/transport/node-sdk.js';

let data: string;
beforeEach(() => (data = mkdtempSync(join(tmpdir(), 'mq-emulator-data-'))));
afterEach(() => rmSync(data, { recursive: true }));

const bodies = (messages: SdkMessage[]) => messages.map((message) => message.MessageBody);
const handles = (messages: SdkMessage[]) => messages.map((message) => message.ReceiptHandle);

describe('a data folder, after SIGKILL', () => {
  let program: Program | undefined;

  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  afterEach(() => program?.kill());

  async function start(): Promise<SdkClient> {
    const started = await startEmulatorProgram(['--data', data]);
    ({ program } = started);
    return new MQClient(started.endpoint, 'test', 'test');
  }

  it('holds every message that was acknowledged under load', async () => {
    const confirmed = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const producer = (await start()).getProducer('I', 'orders');
      let next = 0;
      const publishers = Array.from({ length: 16 }, async () => {
        for (;;) {
          const body = `${round}-${next++}`;
          if ((await producer.publishMessage(body).catch(() => undefined))?.code !== 201) return;
          confirmed.add(body);
          // In the middle of it: the other publishers have requests under way.
          if (confirmed.size === 500 * (round + 1)) program?.signal('SIGKILL');
        }
      });
      await Promise.all(publishers);
      await program?.exited;
    }
    expect(confirmed.size).toBeGreaterThanOrEqual(1_500);
    const consumer = (await start()).getConsumer('I', 'orders', 'GID_a');
    const found = new Set<string>();
    for (;;) {
      const answer = await consumer.consumeMessage(16).catch(() => undefined);
      if (!answer) break;
      bodies(answer.body).forEach((body) => found.add(body));
      await consumer.ackMessage(handles(answer.body));
    }
    expect([...confirmed].filter((body) => !found.has(body))).toEqual([]);
  });

  it('does not deliver again what was acked, and keeps the rest, of each group', async () => {
    let client = await start();
    const producer = client.getProducer('I', 'orders');
    for (let i = 0; i < 6; i++) await producer.publishMessage(`m${i}`);
    const a = client.getConsumer('I', 'orders', 'GID_a');
    const first = (await a.consumeMessage(4)).body;
    await a.ackMessage(handles(first.slice(0, 2)));
    await client.getConsumer('I', 'orders', 'GID_b').consumeMessage(1);
    await program?.kill();

    client = await start();
    const again = client.getConsumer('I', 'orders', 'GID_a');
    // What was in flight is in flight still, and its handles are good.
    expect(bodies((await again.consumeMessage(16)).body)).toEqual(['m4', 'm5']);
    expect((await again.ackMessage(handles(first.slice(2)))).code).toBe(204);
    expect((await again.ackMessage(handles(first.slice(0, 1)))).code).toBe(404);
    const b = client.getConsumer('I', 'orders', 'GID_b');
    expect(bodies((await b.consumeMessage(16)).body)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
  });
});

describe('a data folder, from one run to the next', () => {
  it('keeps the whole state', async () => {
    const clock = new ManualClock();
    const first = await startForTest({ data, clock, maxAttempts: 2 });
    const { client } = first;
    const producer = client.getProducer('I', 'orders');
    for (const body of ['dead', 'acked', 'retried', 'unread']) await producer.publishMessage(body, 'tag');
    await producer.publishMessage('scheduled', 'tag', propertiesOf({ startDeliverTime: clock.now() + 3_600_000 }));
    const half = await producer.publishMessage('half', 'tag', propertiesOf({ transCheckImmunityTime: 300 }));
    const rolledBack = await producer.publishMessage('gone', 'tag', propertiesOf({ transCheckImmunityTime: 300 }));
    await client.getTransProducer('I', 'orders', 'GID_a').rollback(rolledBack.body.ReceiptHandle ?? '');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    await consumer.consumeMessage(1);
    clock.advance(300_000 - 1);
    const [, acked] = (await consumer.consumeMessage(2)).body.reverse();
    await consumer.ackMessage([acked.ReceiptHandle]);
    clock.advance(1);
    await consumer.consumeMessage(1);
    clock.advance(300_000);
    const before = first.state().instances;
    expect(before.I.topics.orders).toEqual({
      stored: 5,
      scheduled: 1,
      half: 1,
      groups: { GID_a: { ready: 2, inFlight: 0, acked: 1, dead: 1 } },
    });
    await first.close();

    const second = await startForTest({ data, clock });
    expect(second.state().instances).toEqual(before);
    const { body } = await second.client.getConsumer('I', 'orders', 'GID_a').consumeMessage(16);
    expect(body.map((message) => [message.MessageBody, message.ConsumedTimes, message.MessageTag])).toEqual([
      ['retried', '2', 'tag'],
      ['unread', '1', 'tag'],
    ]);
    expect(half.body.ReceiptHandle).toBeDefined();
    clock.advance(3_600_000);
    expect((await second.client.getConsumer('I', 'orders', 'GID_a').consumeMessage(16)).body.length).toBeGreaterThan(0);
    expect(second.state().instances.I.topics.orders).toMatchObject({ stored: 5, scheduled: 0 });
  });

  it('commits a half message with the handle of the run before', async () => {
    const first = await startForTest({ data });
    const properties = propertiesOf({ transCheckImmunityTime: 300 });
    const { body } = await first.client.getProducer('I', 'pay').publishMessage('m', 'paid', properties);
    await first.close();
    const { client } = await startForTest({ data });
    expect((await client.getTransProducer('I', 'pay', 'GID_p').commit(body.ReceiptHandle ?? '')).code).toBe(204);
    const [message] = (await client.getConsumer('I', 'pay', 'GID_a').consumeMessage(1)).body;
    expect(message.MessageId).toBe(body.MessageId);
  });

  it('keeps keys blocked, and delivers again from the first message that was not acked', async () => {
    const clock = new ManualClock();
    const first = await startForTest({ data, clock });
    const producer = first.client.getProducer('I', 'orders');
    for (const body of ['a-1', 'a-2', 'a-3', 'a-4', 'b-1', 'b-2']) {
      await producer.publishMessage(body, undefined, propertiesOf({ shardingKey: body[0] }));
    }
    const consumer = first.client.getConsumer('I', 'orders', 'GID_a');
    const [one, , three] = (await consumer.consumeMessageOrderly(3)).body;
    await consumer.ackMessage([one.ReceiptHandle, three.ReceiptHandle]);
    expect(bodies((await consumer.consumeMessageOrderly(1)).body)).toEqual(['b-1']);
    const before = first.state().instances;
    await first.close();

    const second = await startForTest({ data, clock });
    expect(second.state().instances).toEqual(before);
    const again = second.client.getConsumer('I', 'orders', 'GID_a');
    expect(await codeOf(again.consumeMessageOrderly(16))).toBe('MessageNotExist');
    clock.advance(60_000);
    const { body } = await again.consumeMessageOrderly(16);
    expect(bodies(body)).toEqual(['a-2', 'a-3', 'a-4', 'b-1', 'b-2']);
    expect(body.map((message) => message.ConsumedTimes)).toEqual(['2', '2', '1', '2', '1']);
  });

  it('remembers a group that began at the end of its topic', async () => {
    const first = await startForTest({ data, startFrom: 'end' });
    await first.client.getProducer('I', 'orders').publishMessage('before');
    await codeOf(first.client.getConsumer('I', 'orders', 'GID_a').consumeMessage(1));
    await first.client.getProducer('I', 'orders').publishMessage('after');
    await first.close();
    const { client } = await startForTest({ data, startFrom: 'end' });
    expect(bodies((await client.getConsumer('I', 'orders', 'GID_a').consumeMessage(16)).body)).toEqual(['after']);
  });

  it('cuts off a line that was being written, and goes on', async () => {
    const journal = join(data, 'journal.jsonl');
    const first = await startForTest({ data });
    await first.client.getProducer('I', 'orders').publishMessage('whole');
    await first.close();
    const { size } = statSync(journal);
    appendFileSync(journal, '{"type":"message","instance":"I","topic":"or');
    const log: string[] = [];
    const second = await startForTest({ data, log: (line) => log.push(line) });
    expect(log).toEqual([expect.stringMatching(/cut off 44 bytes/)]);
    expect(statSync(journal).size).toBe(size);
    await second.client.getProducer('I', 'orders').publishMessage('more');
    await second.close();
    const { client } = await startForTest({ data });
    expect(bodies((await client.getConsumer('I', 'orders', 'GID_a').consumeMessage(16)).body)).toEqual([
      'whole',
      'more',
    ]);
  });

  it.each([
    ['damage', (text: string) => text.replace('"message"', '"mess')],
    ['another file', () => 'hello\n'],
    [
      'an ack from nowhere',
      (text: string) => `${text}{"type":"ack","instance":"I","topic":"orders","group":"G","seqs":[0]}\n`,
    ],
  ])('is refused with %s, and then free again', async (_name, damage) => {
    const journal = join(data, 'journal.jsonl');
    const first = await startForTest({ data });
    await first.client.getProducer('I', 'orders').publishMessage('m');
    await first.close();
    const whole = readFileSync(journal, 'utf8');
    writeFileSync(journal, damage(whole));
    await expect(startForTest({ data })).rejects.toMatchObject({
      code: 'DATA_DAMAGED',
      message: expect.stringMatching(/journal\.jsonl is damaged at byte \d+: .*Move the file away to start afresh\.$/),
    });
    writeFileSync(journal, whole);
    expect((await startForTest({ data })).state().instances.I.topics.orders.stored).toBe(1);
  });
});
