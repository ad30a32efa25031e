export { rocketmq } from './rocketmq.js';
export type { RocketmqCredentials, RocketmqOptions, RocketmqTls } from './rocketmq-options.js';
