import {
  type FailedHandle,
  MQClient,
  propertiesOf,
  type SdkAnswer,
  type SdkMessage,
} from '../../../support/transport/node-sdk.js';
import { type ConnectSdk, INSTANCE, type ReceivedMessage, SdkFailure } from './sdk-driver.js';

export const connectNodeSdk: ConnectSdk = (endpoint, secret) => {
  const client = new MQClient(endpoint, 'test', secret);
  return {
    async publish({ topic, body, tag, properties, key, checkAfterSeconds, deliverAt, shardingKey }) {
      const values = {
        messageKey: key,
        shardingKey,
        startDeliverTime: deliverAt,
        transCheckImmunityTime: checkAfterSeconds,
      };
      const filled = propertiesOf({ ...values, user: properties });
      const answer = await coded(client.getProducer(INSTANCE, topic).publishMessage(body, tag, filled));
      const { MessageId: messageId, MessageBodyMD5: md5, ReceiptHandle: receiptHandle } = answer.body;
      return { messageId, md5, receiptHandle };
    },
    async consume({ topic, group, tags, kind = 'consume', max, waitSeconds }) {
      const consumer = client.getConsumer(INSTANCE, topic, group, tags);
      const call =
        kind === 'consumeHalf'
          ? client.getTransProducer(INSTANCE, topic, group).consumeHalfMessage(max, waitSeconds)
          : kind === 'consumeOrderly'
            ? consumer.consumeMessageOrderly(max, waitSeconds)
            : consumer.consumeMessage(max, waitSeconds);
      try {
        return (await coded(call)).body.map(toReceived);
      } catch (error) {
        if ((error as SdkFailure).code === 'MessageNotExist') return [];
        throw error;
      }
    },
    async ack({ topic, group, handles }) {
      return failedOf(await coded(client.getConsumer(INSTANCE, topic, group).ackMessage(handles)));
    },
    async decide(decision, { topic, handle }) {
      const producer = client.getTransProducer(INSTANCE, topic, 'GID_producer');
      return failedOf(await coded(producer[decision](handle)));
    },
  };
};

async function coded<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw new SdkFailure((error as { Code?: string }).Code ?? String(error));
  }
}

function failedOf({ code, body }: SdkAnswer<unknown>): Record<string, string> {
  if (code === 204) return {};
  return Object.fromEntries((body as FailedHandle[]).map((failed) => [failed.ReceiptHandle, failed.ErrorCode]));
}

function toReceived(message: SdkMessage): ReceivedMessage {
  return {
    messageId: message.MessageId,
    md5: message.MessageBodyMD5,
    body: message.MessageBody,
    receiptHandle: message.ReceiptHandle,
    tag: message.MessageTag,
    key: message.MessageKey,
    shardingKey: message.ShardingKey,
    properties: message.Properties,
    consumedTimes: Number(message.ConsumedTimes),
    publishTime: Number(message.PublishTime),
    nextConsumeTime: Number(message.NextConsumeTime),
  };
}
