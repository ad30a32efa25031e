import type { MqTransport } from '../../core/transport/transport.js';
import type { AliyunHttpOptions } from './options.js';
import { AliyunHttpTransport } from './transport.js';

/**
 * Alibaba Cloud Message Queue for Apache RocketMQ 4.x over HTTP, and what speaks the same protocol (Tencent Cloud's
 * TDMQ, the emulator).
 *
 * Needs the package `@aliyunmq/mq-http-sdk`, loaded on first use. Never throws: what is wrong with the
 * options is reported when the module starts, together with everything else that is wrong with the configuration.
 *
 * @example
 * MqModule.forRoot({
 *   transport: aliyunHttp({
 *     endpoint: 'https://1234.mqrest.cn-hangzhou.aliyuncs.com',
 *     accessKeyId: process.env.MQ_ACCESS_KEY_ID,
 *     accessKeySecret: process.env.MQ_ACCESS_KEY_SECRET,
 *     instanceId: 'MQ_INST_1',
 *   }),
 * })
 */
export function aliyunHttp(options: AliyunHttpOptions): MqTransport {
  return new AliyunHttpTransport(options);
}
