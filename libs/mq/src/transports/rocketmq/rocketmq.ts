import type { MqTransport } from '../../core/transport/transport.js';
import type { RocketmqOptions } from './options.js';
import { RocketmqTransport } from './transport.js';

/**
 * RocketMQ 5 over gRPC: Apache's own, version 5.3 or newer with its proxy, and the 5.x instances of Alibaba Cloud. Needs
 * the packages `@grpc/grpc-js` and `@grpc/proto-loader`.
 *
 * Topics and groups must exist at the broker: this protocol has no way to make them. An `ordered` topic needs the
 * message type FIFO and a group that was made for orderly delivery, a topic with delayed messages the type DELAY.
 *
 * @example
 * MqModule.forRoot({ transport: rocketmq({ endpoints: 'mq.internal:8081' }), topics, groups });
 * @example
 * rocketmq({
 *   endpoints: 'rmq-cn-1234.cn-hangzhou.rmq.aliyuncs.com:8080',
 *   credentials: { accessKey: instanceUser, accessSecret: instancePassword },
 *   profile: 'aliyun',
 * });
 */
export function rocketmq(options: RocketmqOptions): MqTransport {
  return new RocketmqTransport(options);
}
