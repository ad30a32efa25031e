import { createHash } from 'node:crypto';
import { ManualClock } from 'nestjs-reliable-mq-emulator';
import { startForTest } from './emulators.js';
import { type ConnectSdk, INSTANCE, type ReceivedMessage, type SdkDriver } from './sdk-driver.js';

const GROUP = 'GID_stock';
const bodies = (messages: ReceivedMessage[]) => messages.map((message) => message.body);
const handles = (messages: ReceivedMessage[]) => messages.map((message) => message.receiptHandle);

/** The suite that every official SDK has to pass, unmodified. */
export function describeOfficialSdk(connect: ConnectSdk): void {
  let clock: ManualClock;
  let sdk: SdkDriver;
  let endpoint: string;

  beforeEach(async () => {
    clock = new ManualClock();
    const topics = { orders: {}, queue: {}, deadlines: {}, pay: {} };
    const config = { instances: { [INSTANCE]: { topics, groups: [GROUP, 'GID_producer'] } } };
    ({ endpoint } = await startForTest({ clock, config }));
    sdk = connect(endpoint, 'test');
  });

  it('publishes, consumes and acks', async () => {
    const body = '{"text":"<&> \\" 消息 😀"}';
    const properties = { 'mq-id': '0190', color: 'blue' };
    const published = await sdk.publish({ topic: 'orders', body, tag: 'created', key: 'order-7', properties });
    const md5 = createHash('md5').update(body).digest('hex').toUpperCase();
    expect(published).toMatchObject({ messageId: expect.stringMatching(/^[0-9A-F]{32}$/), md5 });
    const messages = await sdk.consume({
      topic: 'orders',
      group: GROUP,
      tags: 'created||paid',
      max: 16,
      waitSeconds: 3,
    });
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({
      messageId: published.messageId,
      md5,
      body,
      tag: 'created',
      key: 'order-7',
      properties,
      consumedTimes: 1,
      publishTime: clock.now(),
      nextConsumeTime: clock.now() + 300_000,
    });
    expect(await sdk.ack({ topic: 'orders', group: GROUP, handles: handles(messages) })).toEqual({});
    clock.advance(300_000);
    expect(await sdk.consume({ topic: 'orders', group: GROUP, max: 16 })).toEqual([]);
  });

  it('publishes for later', async () => {
    const deliverAt = clock.now() + 60_000;
    await sdk.publish({ topic: 'deadlines', body: 'm', tag: 'due', deliverAt });
    expect(await sdk.consume({ topic: 'deadlines', group: GROUP, max: 1 })).toEqual([]);
    const poll = sdk.consume({ topic: 'deadlines', group: GROUP, max: 1, waitSeconds: 10 });
    clock.advance(60_000);
    expect(bodies(await poll)).toEqual(['m']);
  });

  it('publishes and consumes in order', async () => {
    for (const body of ['a-1', 'a-2', 'b-1', 'a-3']) await sdk.publish({ topic: 'queue', body, shardingKey: body[0] });
    const consume = (max: number) => sdk.consume({ topic: 'queue', group: GROUP, kind: 'consumeOrderly', max });
    const first = await consume(2);
    expect(first.map((message) => [message.body, message.shardingKey])).toEqual([
      ['a-1', 'a'],
      ['a-2', 'a'],
    ]);
    expect(bodies(await consume(16))).toEqual(['b-1']);
    await sdk.ack({ topic: 'queue', group: GROUP, handles: handles(first) });
    expect(bodies(await consume(16))).toEqual(['a-3']);
  });

  it('commits a half message, and rolls one back', async () => {
    const half = (body: string) => sdk.publish({ topic: 'pay', body, checkAfterSeconds: 10 });
    const committed = await half('committed');
    const rolledBack = await half('rolled back');
    expect(await sdk.consume({ topic: 'pay', group: GROUP, max: 16 })).toEqual([]);
    expect(await sdk.decide('commit', { topic: 'pay', handle: committed.receiptHandle ?? '' })).toEqual({});
    expect(await sdk.decide('rollback', { topic: 'pay', handle: rolledBack.receiptHandle ?? '' })).toEqual({});
    const [message, ...others] = await sdk.consume({ topic: 'pay', group: GROUP, max: 16 });
    expect(message).toMatchObject({ messageId: committed.messageId, body: 'committed' });
    expect(others).toEqual([]);
  });

  it('checks a half message that nobody decided', async () => {
    const { messageId, receiptHandle = '' } = await sdk.publish({ topic: 'pay', body: 'm', checkAfterSeconds: 10 });
    const check = () =>
      sdk.consume({ topic: 'pay', group: 'GID_producer', kind: 'consumeHalf', max: 1, waitSeconds: 0 });
    expect(await check()).toEqual([]);
    clock.advance(10_000);
    const [message] = await check();
    expect(message).toMatchObject({ messageId, consumedTimes: 1 });
    expect(Object.values(await sdk.decide('commit', { topic: 'pay', handle: receiptHandle }))).toEqual([
      'ReceiptHandleError',
    ]);
    expect(await sdk.decide('commit', { topic: 'pay', handle: message.receiptHandle })).toEqual({});
    expect(bodies(await sdk.consume({ topic: 'pay', group: GROUP, max: 1 }))).toEqual(['m']);
  });

  it('learns that a signature is bad', async () => {
    const stranger = connect(endpoint, 'wrong');
    await expect(stranger.publish({ topic: 'orders', body: 'm' })).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
    const consuming = stranger.consume({ topic: 'orders', group: GROUP, max: 1 });
    await expect(consuming).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
    const acking = stranger.ack({ topic: 'orders', group: GROUP, handles: ['h'] });
    await expect(acking).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  it('learns that a topic or a group does not exist', async () => {
    await expect(sdk.publish({ topic: 'missing', body: 'm' })).rejects.toMatchObject({ code: 'TopicNotExist' });
    const noTopic = sdk.consume({ topic: 'missing', group: GROUP, max: 1 });
    await expect(noTopic).rejects.toMatchObject({ code: 'TopicNotExist' });
    const noGroup = sdk.consume({ topic: 'orders', group: 'GID_missing', max: 1 });
    await expect(noGroup).rejects.toMatchObject({ code: 'SubscriptionNotExist' });
  });

  it('learns which receipt has expired', async () => {
    await sdk.publish({ topic: 'orders', body: 'late' });
    const [late] = await sdk.consume({ topic: 'orders', group: GROUP, max: 1 });
    clock.advance(200_000);
    await sdk.publish({ topic: 'orders', body: 'in time' });
    const [inTime] = await sdk.consume({ topic: 'orders', group: GROUP, max: 1 });
    clock.advance(100_000);
    const failed = await sdk.ack({ topic: 'orders', group: GROUP, handles: handles([late, inTime]) });
    expect(failed).toEqual({ [late.receiptHandle]: 'ReceiptHandleError' });
    const [again] = await sdk.consume({ topic: 'orders', group: GROUP, max: 16 });
    expect(again).toMatchObject({ body: 'late', consumedTimes: 2 });
    expect(await sdk.ack({ topic: 'orders', group: GROUP, handles: [again.receiptHandle] })).toEqual({});
  });
}
