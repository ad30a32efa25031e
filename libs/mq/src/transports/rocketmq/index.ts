export { rocketmq } from './rocketmq.js';
export type { RocketmqCredentials, RocketmqOptions } from './options.js';
export type { RocketmqTls } from './wire/tls.js';
