import type { Fault, FaultEffect } from 'nestjs-reliable-mq-emulator';
import { eventually } from '../../support/eventually.js';
import { startForTest } from './support/emulators.js';
import { codeOf, propertiesOf } from '../../support/transport/node-sdk.js';
import { messageXml, rawRequest } from './support/raw-request.js';

const PUBLISH = '/topics/orders/messages?ns=I';
const CONSUME = '/topics/orders/messages?consumer=GID_a&ns=I&numOfMessages=16';
const publish = (endpoint: string, signal?: AbortSignal) =>
  rawRequest(endpoint, PUBLISH, { method: 'POST', body: messageXml('m'), signal });
const failure = (call: Promise<unknown>) => call.then(() => 'answered').catch((error: { code: string }) => error.code);

async function startWith(...faults: Fault[]) {
  const emulator = await startForTest();
  emulator.setFaults(faults);
  const topic = () => emulator.state().instances.I?.topics.orders ?? { stored: 0, scheduled: 0, half: 0, groups: {} };
  return { ...emulator, topic };
}

describe('faults that strike on arrival', () => {
  it('answer what they are told, and nothing else', async () => {
    const body = '<html>Bad Gateway</html>';
    const { endpoint, topic } = await startWith({
      effect: { status: 502, body, headers: { 'content-type': 'text/html' } },
    });
    const answer = await publish(endpoint);
    expect(answer).toMatchObject({ status: 502, text: body, headers: { 'content-type': 'text/html' } });
    expect(topic().stored).toBe(0);
  });

  it('answer with an empty body and no content type unless told', async () => {
    const { endpoint } = await startWith({ effect: { status: 503 } });
    const answer = await publish(endpoint);
    expect(answer).toMatchObject({ status: 503, text: '' });
    expect(answer.headers['content-type']).toBeUndefined();
  });

  it('reset the connection', async () => {
    const { endpoint, topic, state } = await startWith({ effect: 'reset' });
    expect(await failure(publish(endpoint))).toBe('ECONNRESET');
    expect(topic().stored).toBe(0);
    expect(state().requests).toEqual({ publish: { reset: 1 } });
  });

  it('hang, and do not keep the emulator from stopping', async () => {
    const emulator = await startWith({ effect: 'hang' });
    const call = failure(publish(emulator.endpoint));
    await eventually(() => emulator.state().requests.publish?.hang);
    expect(emulator.topic().stored).toBe(0);
    await emulator.close();
    expect(await call).toBe('ECONNRESET');
  });

  it('delay', async () => {
    const { endpoint } = await startWith({ effect: { delay: '200ms' } });
    const start = performance.now();
    expect((await publish(endpoint)).status).toBe(201);
    expect(performance.now() - start).toBeGreaterThanOrEqual(195);
  });

  it('throttle', async () => {
    const { endpoint } = await startWith({ effect: 'throttle' });
    expect(await publish(endpoint)).toMatchObject({ status: 429, code: 'TooManyRequests' });
  });
});

describe('faults that strike once the operation is done', () => {
  it('store and reset', async () => {
    const { endpoint, topic } = await startWith({ effect: 'accept-then-reset' });
    expect(await failure(publish(endpoint))).toBe('ECONNRESET');
    expect(topic().stored).toBe(1);
  });

  it('store and hang', async () => {
    const { endpoint, topic } = await startWith({ effect: 'accept-then-hang' });
    const gone = new AbortController();
    const call = failure(publish(endpoint, gone.signal));
    await eventually(() => topic().stored === 1);
    gone.abort();
    expect(await call).toBe('ABORT_ERR');
  });

  it('hand out and reset: the messages are in flight', async () => {
    const { endpoint, topic, client } = await startWith({ operation: 'consume', effect: 'accept-then-reset' });
    expect(await codeOf(client.getConsumer('I', 'orders', 'GID_a').consumeMessage(1))).toBe('MessageNotExist');
    await publish(endpoint);
    expect(await failure(rawRequest(endpoint, CONSUME))).toBe('ECONNRESET');
    expect(topic().groups.GID_a).toMatchObject({ inFlight: 1 });
  });

  it('store twice', async () => {
    const { client, topic } = await startWith({ operation: 'publish', effect: 'duplicate' });
    await client.getProducer('I', 'orders').publishMessage('m', 't', propertiesOf({ user: { 'mq-id': '7' } }));
    expect(topic().stored).toBe(2);
    const { body } = await client.getConsumer('I', 'orders', 'GID_a').consumeMessage(16);
    expect(body.map((message) => message.Properties)).toEqual([{ 'mq-id': '7' }, { 'mq-id': '7' }]);
    expect(body[0].MessageId).not.toBe(body[1].MessageId);
  });

  it('hand out twice, both handles being valid', async () => {
    const { client, topic } = await startWith({ operation: 'consume', times: 1, effect: 'duplicate' });
    await client.getProducer('I', 'orders').publishMessage('m');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    const [first] = (await consumer.consumeMessage(1)).body;
    const [second] = (await consumer.consumeMessage(1)).body;
    expect(second).toMatchObject({ MessageId: first.MessageId, ConsumedTimes: '2' });
    expect(await codeOf(consumer.consumeMessage(1))).toBe('MessageNotExist');
    expect((await consumer.ackMessage([first.ReceiptHandle])).code).toBe(204);
    expect((await consumer.ackMessage([second.ReceiptHandle])).code).toBe(404);
    expect(topic().groups.GID_a).toEqual({ ready: 0, inFlight: 0, acked: 1, dead: 0 });
  });

  it('do not hand out again what was acked before the second consumer came', async () => {
    const { client, topic } = await startWith({ operation: 'consume', times: 1, effect: 'duplicate' });
    await client.getProducer('I', 'orders').publishMessage('m');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    const [first] = (await consumer.consumeMessage(1)).body;
    expect((await consumer.ackMessage([first.ReceiptHandle])).code).toBe(204);
    expect(await codeOf(consumer.consumeMessage(1))).toBe('MessageNotExist');
    expect(topic().groups.GID_a).toMatchObject({ acked: 1, inFlight: 0 });
  });

  it('forget an ack that they confirm', async () => {
    const { client, topic } = await startWith({ operation: 'ack', effect: 'drop-ack' });
    await client.getProducer('I', 'orders').publishMessage('m');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    const [message] = (await consumer.consumeMessage(1)).body;
    expect((await consumer.ackMessage([message.ReceiptHandle])).code).toBe(204);
    expect(topic().groups.GID_a).toMatchObject({ inFlight: 1, acked: 0 });
  });

  it('are not used up by polls that find nothing', async () => {
    const { client } = await startWith({ operation: 'consume', times: 1, effect: 'duplicate' });
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    await codeOf(consumer.consumeMessage(1));
    await client.getProducer('I', 'orders').publishMessage('m');
    await consumer.consumeMessage(1);
    expect((await consumer.consumeMessage(1)).body).toHaveLength(1);
  });
});

describe('which requests a fault strikes', () => {
  const effect: FaultEffect = { status: 500 };

  it.each<[string, Omit<Fault, 'effect'>, boolean]>([
    ['all', {}, true],
    ['its operation', { operation: 'publish' }, true],
    ['no other operation', { operation: 'consume' }, false],
    ['its topic', { topic: 'orders' }, true],
    ['no other topic', { topic: 'other' }, false],
    ['a group, so no publishing', { group: 'GID_a' }, false],
    ['a certain draw', { probability: 1 }, true],
    ['an impossible draw', { probability: 0 }, false],
  ])('%s', async (_name, match, strikes) => {
    const { endpoint } = await startWith({ ...match, effect });
    expect((await publish(endpoint)).status).toBe(strikes ? 500 : 201);
  });

  it('those of one group', async () => {
    const { client } = await startWith({ group: 'GID_a', effect: 'throttle' });
    await client.getProducer('I', 'orders').publishMessage('m');
    expect(await codeOf(client.getConsumer('I', 'orders', 'GID_a').consumeMessage(1))).toBe('TooManyRequests');
    expect(await codeOf(client.getConsumer('I', 'orders', 'GID_b').consumeMessage(1))).toBe('no error');
  });

  it('so many of them, and then the next fault of the list', async () => {
    const { endpoint } = await startWith({ times: 2, effect }, { times: 1, effect: { status: 503 } });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await publish(endpoint)).status);
    expect(statuses).toEqual([500, 500, 503, 201]);
  });

  it('some of them, by the random numbers that were injected', async () => {
    const draws = [0.1, 0.9, 0.3];
    const emulator = await startForTest({ random: () => draws.shift() ?? 1 });
    emulator.setFaults([{ probability: 0.5, effect }]);
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await publish(emulator.endpoint)).status);
    expect(statuses).toEqual([500, 201, 500]);
    emulator.clearFaults();
    expect((await publish(emulator.endpoint)).status).toBe(201);
  });

  it('none that is not signed properly', async () => {
    const { endpoint } = await startWith({ times: 1, effect });
    const wrong = await rawRequest(endpoint, PUBLISH, { method: 'POST', body: messageXml('m'), secret: 'wrong' });
    expect(wrong.status).toBe(403);
    expect((await publish(endpoint)).status).toBe(500);
  });
});
