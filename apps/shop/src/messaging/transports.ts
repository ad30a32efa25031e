import type { MqTransport } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import type { Environment } from '../config/environment.js';

/**
 * What `MQ_TRANSPORT` may say. Another broker is one more name there and one more entry here. They may be imported
 * together: the client of a broker is loaded when its transport connects.
 */
export const TRANSPORTS: Record<Environment['MQ_TRANSPORT'], (environment: Environment) => MqTransport> = {
  'aliyun-http': (environment) =>
    aliyunHttp({
      endpoint: environment.MQ_ENDPOINT.replace(/^[^/]+:\d+$/, 'http://$&'),
      accessKeyId: environment.MQ_ACCESS_KEY_ID,
      accessKeySecret: environment.MQ_ACCESS_KEY_SECRET,
      instanceId: environment.MQ_INSTANCE_ID,
      requestTimeout: environment.MQ_REQUEST_TIMEOUT,
    }),
  rocketmq: (environment) =>
    rocketmq({
      endpoints: environment.MQ_ENDPOINT,
      credentials: credentials(environment),
      namespace: environment.MQ_INSTANCE_ID,
      tls: environment.MQ_TLS === 'true',
      profile: environment.MQ_PROFILE,
      connectTimeout: environment.MQ_REQUEST_TIMEOUT,
      requestTimeout: environment.MQ_REQUEST_TIMEOUT,
    }),
};

function credentials({ MQ_ACCESS_KEY_ID: accessKey, MQ_ACCESS_KEY_SECRET: accessSecret }: Environment) {
  return accessKey && accessSecret ? { accessKey, accessSecret } : undefined;
}
