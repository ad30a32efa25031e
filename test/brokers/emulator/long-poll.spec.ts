import { eventually } from '../../support/eventually.js';
import { startForTest } from './support/emulators.js';
import { codeOf, propertiesOf } from '../../support/transport/node-sdk.js';
import { rawRequest } from './support/raw-request.js';

const TARGET = '/topics/orders/messages?consumer=GID_a&ns=I&numOfMessages=16&waitseconds=20';
/** What ends before this did not wait out its 20 seconds, and did nothing else that is slow, on a busy machine as well. */
const EARLY_MS = 10_000;

async function elapsed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

describe('long polls', () => {
  it('wait as long as they ask for, and no longer', async () => {
    const { client } = await startForTest();
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    let code = '';
    const ms = await elapsed(async () => (code = await codeOf(consumer.consumeMessage(1, 1))));
    expect(code).toBe('MessageNotExist');
    expect(ms).toBeGreaterThanOrEqual(990);
    expect(ms).toBeLessThan(EARLY_MS);
    expect(await elapsed(() => codeOf(consumer.consumeMessage(1)))).toBeLessThan(EARLY_MS);
  });

  it('answer the moment a message arrives', async () => {
    const { client } = await startForTest();
    const poll = client.getConsumer('I', 'orders', 'GID_a').consumeMessage(16, 20);
    await client.getProducer('I', 'orders').publishMessage('m');
    const ms = await elapsed(() => poll);
    expect((await poll).body[0].MessageBody).toBe('m');
    expect(ms).toBeLessThan(EARLY_MS);
  });

  it('answer one member of the group, those who wait longest first, and every group', async () => {
    const emulator = await startForTest();
    const { client } = emulator;
    const answered: string[] = [];
    const poll = async (name: string, group: string) => {
      await client.getConsumer('I', 'orders', group).consumeMessage(16, 3);
      answered.push(name);
    };
    const first = poll('first of a', 'GID_a');
    await eventually(() => emulator.state().instances.I?.topics.orders?.groups.GID_a);
    const second = codeOf(poll('second of a', 'GID_a'));
    const other = poll('first of b', 'GID_b');
    await eventually(() => emulator.state().instances.I.topics.orders.groups.GID_b);
    await client.getProducer('I', 'orders').publishMessage('m');
    await Promise.all([first, other]);
    expect(await second).toBe('MessageNotExist');
    expect(answered.sort()).toEqual(['first of a', 'first of b']);
  });

  it('stay asleep for a tag that they do not want', async () => {
    const { client } = await startForTest();
    const poll = client.getConsumer('I', 'orders', 'GID_a', 'wanted').consumeMessage(16, 20);
    const producer = client.getProducer('I', 'orders');
    await producer.publishMessage('no', 'other');
    await producer.publishMessage('yes', 'wanted');
    expect((await poll).body.map((message) => message.MessageBody)).toEqual(['yes']);
  });

  it('wake when an invisibility ends', async () => {
    const { client } = await startForTest({ invisible: '300ms' });
    await client.getProducer('I', 'orders').publishMessage('m');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    await consumer.consumeMessage(1);
    const ms = await elapsed(async () =>
      expect((await consumer.consumeMessage(1, 20)).body[0].ConsumedTimes).toBe('2'),
    );
    expect(ms).toBeLessThan(EARLY_MS);
  });

  it('wake when an ack frees a sharding key', async () => {
    const { client } = await startForTest();
    const producer = client.getProducer('I', 'orders');
    for (const body of ['1', '2']) await producer.publishMessage(body, undefined, propertiesOf({ shardingKey: 'k' }));
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    const [message] = (await consumer.consumeMessageOrderly(1)).body;
    const poll = consumer.consumeMessageOrderly(1, 20);
    await consumer.ackMessage([message.ReceiptHandle]);
    expect((await poll).body[0].MessageBody).toBe('2');
  });

  it('hand nothing to a client that has gone', async () => {
    const emulator = await startForTest();
    const gone = new AbortController();
    const poll = rawRequest(emulator.endpoint, TARGET, { signal: gone.signal }).catch((error: Error) => error.name);
    await eventually(() => emulator.state().instances.I?.topics.orders?.groups.GID_a);
    gone.abort();
    expect(await poll).toBe('AbortError');
    // The emulator learns of it through the socket, in its own time, and ends the poll.
    await eventually(() => emulator.state().requests.consume?.['404'] === 1);
    await emulator.client.getProducer('I', 'orders').publishMessage('m');
    const { body } = await emulator.client.getConsumer('I', 'orders', 'GID_a').consumeMessage(16);
    expect(body).toHaveLength(1);
  });

  it('are answered when the emulator stops', async () => {
    const emulator = await startForTest();
    const poll = rawRequest(emulator.endpoint, TARGET);
    await eventually(() => emulator.state().instances.I?.topics.orders?.groups.GID_a);
    const ms = await elapsed(() => emulator.close());
    expect(await poll).toMatchObject({ status: 404, code: 'MessageNotExist', headers: { connection: 'close' } });
    expect(ms).toBeLessThan(EARLY_MS);
  });

  it('are answered a little early to the C# SDK, which gives up at the very second', async () => {
    const emulator = await startForTest();
    const headers = { 'user-agent': 'mq-csharp-sdk/1.0.3(.NET)' };
    const target = TARGET.replace('=20', '=1');
    const answered: string[] = [];
    // Told by who is answered first and not by the clock: the other one, which asks first, waits for the whole second.
    const other = rawRequest(emulator.endpoint, target).then(() => answered.push('another SDK'));
    const ms = await elapsed(() => rawRequest(emulator.endpoint, target, { headers }).then(() => answered.push('C#')));
    await other;
    expect(answered).toEqual(['C#', 'another SDK']);
    expect(ms).toBeGreaterThan(700);
  });

  it('do not wait below zero, which is the default of the PHP SDK', async () => {
    const emulator = await startForTest();
    const ms = await elapsed(async () => {
      const answer = await rawRequest(emulator.endpoint, TARGET.replace('=20', '=-1'));
      expect(answer.code).toBe('MessageNotExist');
    });
    expect(ms).toBeLessThan(EARLY_MS);
  });
});
