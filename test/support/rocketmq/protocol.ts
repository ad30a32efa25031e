/**
 * RocketMQ's public protocol, for the scripted proxy: what a script makes of the definition that the official client carries.
 * The one file outside of `white-box` that reads inside the library, because the script has one target; nothing in that file
 * is the library's own.
 */
export * from '../../../libs/mq/src/transports/rocketmq/protocol/generated.js';
