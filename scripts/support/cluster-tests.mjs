/** A RocketMQ of five processes for each file: a fifth of the time of all tests, so they have a command of their own. */
export const CLUSTER = 'test/brokers/rocketmq/cluster/';

/** What `npm test` says at its end: a green one has not tried these. */
export const LEFT_OUT_WITHOUT_CLUSTER = 'RocketMQ of several brokers and proxies: npm run test:cluster';
