export type { MqCliApp } from './boot/app-source.js';
export { runMqCli } from './run-mq-cli.js';
