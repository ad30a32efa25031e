import type { MqHttpSdk, SdkClient } from '../peers.js';
import type { Credentials } from './credentials.js';
import type { Call, RequestMaker, SignedRequest } from './request.js';
import { toCdata, wireProperties } from './wire-text.js';

type CapturingClient = new (credentials: Credentials) => SdkClient & { readonly captured: SignedRequest | null };

/**
 * SdkRequests lets the SDK shape and sign a request, and keeps it from sending.
 *
 * The SDK's own `request` cannot be trusted with the wire: it reports a 502, an HTML page or a redirect as success,
 * sends with an unbounded number of sockets, reads answers of any size, cannot be aborted, and prints `Authorization`
 * under `DEBUG=mq:*`. Everything in the SDK goes through that one method, so a client that overrides it is enough.
 *
 * A client lives for one request. It is three fields, and this is how rotating credentials get past an API that has no room
 * for them.
 */
export class SdkRequests implements RequestMaker {
  private readonly Client: CapturingClient;

  constructor(
    private readonly sdk: MqHttpSdk,
    endpoint: string,
  ) {
    this.Client = class extends sdk.MQClient {
      captured: SignedRequest | null = null;

      constructor({ accessKeyId, accessKeySecret, securityToken }: Credentials) {
        super(endpoint, accessKeyId, accessKeySecret, securityToken);
      }

      override request(
        method: SignedRequest['method'],
        path: string,
        _type: string,
        body: Buffer | '',
      ): Promise<unknown> {
        const built = Object.entries(this.buildHeaders(method, body, path));
        const headers = Object.fromEntries(built.map(([name, value]) => [name, String(value)]));
        this.captured = { method, path, headers, body: body.toString() };
        // An answer that every method of the SDK gets through: it iterates over `Message`, and reads `Error`.
        return Promise.resolve({ code: 0, body: { Message: [], Error: [] } });
      }
    };
  }

  async make(call: Call, credentials: Credentials): Promise<SignedRequest> {
    const client = new this.Client(credentials);
    await this.run(call, client);
    if (!client.captured) throw new Error('@aliyunmq/mq-http-sdk made no request; is it version 1.0.4?');
    return client.captured;
  }

  private run(call: Call, client: SdkClient): Promise<unknown> {
    const { MQProducer, MQConsumer, MessageProperties } = this.sdk;
    if (call.kind === 'publish') {
      const { message, instanceId } = call;
      const properties = new MessageProperties();
      properties.messageKey(message.key);
      if (message.orderingKey !== null) properties.shardingKey(message.orderingKey);
      if (message.deliverAt !== null) properties.startDeliverTime(message.deliverAt);
      for (const [name, value] of wireProperties(message)) properties.putProperty(name, value);
      const producer = new MQProducer(client, instanceId, message.topic);
      // A text, as validateMessage has made sure.
      return producer.publishMessage(toCdata(message.body as string), message.tag, properties);
    }
    const { instanceId, topic, groupId } = call.spec;
    if (call.kind === 'acknowledge')
      return new MQConsumer(client, instanceId, topic, groupId, null).ackMessage(call.handles);
    const { tags, ordered } = call.spec;
    const consumer = new MQConsumer(client, instanceId, topic, groupId, tags?.join('||') ?? null);
    return ordered
      ? consumer.consumeMessageOrderly(call.max, call.waitSeconds)
      : consumer.consumeMessage(call.max, call.waitSeconds);
  }
}
