import type { MethodDefinition } from '@grpc/grpc-js';
import { ManualClock } from 'nestjs-reliable-mq/testing';
import { fromJSON } from '@grpc/proto-loader';
import official from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';
import { PROTOCOL } from '../../../../libs/mq/src/transports/rocketmq/protocol/generated.js';
import { never, outbound, poll, Stage, subscription } from '../../../support/transport/rocketmq-stage.js';

// What was sent, read and written again by the stubs of the official client, which another compiler made of the protocol.
const service = fromJSON(PROTOCOL as Parameters<typeof fromJSON>[0], {
  longs: Number,
  enums: String,
  defaults: true,
  arrays: true,
})['apache.rocketmq.v2.MessagingService'] as Record<string, MethodDefinition<object, object>>;

let stage: Stage;
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

it('a message means the same to the official client', async () => {
  stage.proxy.topic('orders', { types: ['DELAY'] });
  const deliverAt = Date.UTC(2035, 4, 6, 7, 8, 9, 123);
  const message = outbound({ tag: 'paid', body: '{"ä":"😀"}', properties: { 'mq-id': '7' } });
  await stage
    .transport({ namespace: 'ns', clock: new ManualClock(deliverAt - 1_000) })
    .send({ ...message, deliverAt }, never);
  const { messagesList } = roundTrip(
    'SendMessage',
    official.SendMessageRequest,
    stage.proxy.seen('sendMessage')[0]!.request,
  );
  const [sent] = messagesList as [Record<string, unknown> & { systemProperties: Record<string, unknown> }];
  expect(sent).toMatchObject({
    topic: { name: 'orders', resourceNamespace: 'ns' },
    userPropertiesMap: expect.arrayContaining([['mq-id', '7']]) as unknown,
    body: Buffer.from(message.body).toString('base64'),
  });
  expect(sent.systemProperties).toMatchObject({
    tag: 'paid',
    keysList: ['key-1'],
    messageType: 3, // DELAY
    bodyEncoding: 1, // IDENTITY
    deliveryTimestamp: { seconds: Math.floor(deliverAt / 1_000), nanos: 123_000_000 },
  });
});

it('a poll means the same to the official client', async () => {
  await poll(stage.source({ tags: ['a', 'b'] }), { max: 7, waitMs: 250, leaseMs: 90_500 });
  const { request } = stage.proxy.seen('receiveMessage')[0]!;
  expect(roundTrip('ReceiveMessage', official.ReceiveMessageRequest, request)).toMatchObject({
    group: { name: 'GID_stock' },
    messageQueue: { topic: { name: 'orders' }, broker: { name: 'broker-a' } },
    filterExpression: { type: 1, expression: 'a||b' },
    batchSize: 7,
    invisibleDuration: { seconds: 90, nanos: 500_000_000 },
    longPollingTimeout: { seconds: 0, nanos: 250_000_000 },
    autoRenew: false,
  });
});

it('the settings of writers and readers mean the same to the official client', async () => {
  const transport = stage.transport();
  await transport.send(outbound(), never);
  await poll(transport.subscribe(subscription({ tags: ['a'] })));
  const [writer, reader] = stage.proxy
    .seen('telemetry')
    .map(({ request }) => roundTrip('Telemetry', official.TelemetryCommand, request)['settings']);
  expect(writer).toMatchObject({ clientType: 1, publishing: { topicsList: [{ name: 'orders' }] } });
  expect(reader).toMatchObject({
    clientType: 3,
    subscription: {
      group: { name: 'GID_stock' },
      subscriptionsList: [{ topic: { name: 'orders' }, expression: { type: 1, expression: 'a' } }],
    },
  });
});

interface Stub {
  deserializeBinary(bytes: Uint8Array): { toObject(): object; serializeBinary(): Uint8Array };
}

/** As the official client sees `request`; what that client makes of it must be read as the same here. */
function roundTrip(method: string, stub: Stub, request: unknown): Record<string, unknown> {
  const { requestSerialize, requestDeserialize } = service[method]!;
  const read = stub.deserializeBinary(requestSerialize(request as object));
  expect(requestDeserialize(Buffer.from(read.serializeBinary()))).toEqual(request);
  return read.toObject() as Record<string, unknown>;
}
