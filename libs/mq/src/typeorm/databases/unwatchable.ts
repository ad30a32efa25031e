import { MqError } from '../../core/errors/mq-error.js';

/** The error for a driver that does not show the state of its transactions: they could end without this library knowing. */
export function unwatchable(problem: string, remedy: string): MqError {
  return new MqError(
    'MQ_CONFIG_INVALID',
    `${problem}, so nobody could tell whether a message that is published in a transaction is really part of it. ${remedy}`,
  );
}
