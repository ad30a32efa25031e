import type { MqTransport } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import type { Environment } from './shop-config.js';

/**
 * What `MQ_TRANSPORT` may say. Another broker is one more line here, and nothing else in the shop changes. What a transport
 * thinks of its settings it says itself, when MqModule checks the configuration.
 */
export const TRANSPORTS: ReadonlyMap<string, (env: Environment) => MqTransport> = new Map([['aliyun-http', fromHttp]]);

function fromHttp(env: Environment): MqTransport {
  const endpoint = env['MQ_ENDPOINT'] ?? '';
  return aliyunHttp({
    endpoint: /^[\w.-]+:\d+$/.test(endpoint) ? `http://${endpoint}` : endpoint,
    accessKeyId: env['MQ_ACCESS_KEY_ID'],
    accessKeySecret: env['MQ_ACCESS_KEY_SECRET'],
    instanceId: env['MQ_INSTANCE_ID'],
  });
}
