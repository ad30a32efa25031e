import { MqError, type MqErrorOptions } from './mq-error.js';

/** Says that what stands before a handler refused the message, and would refuse it again: it is parked at once. Never made by users. */
export class Refusal extends MqError {
  constructor(code: 'MQ_FORBIDDEN' | 'MQ_PAYLOAD_INVALID', message: string, options: MqErrorOptions) {
    super(code, message, options);
  }
}
