import { MqError } from '../../core/errors/mq-error.js';

/** A driver that does not let itself be followed: its transactions could end without anybody knowing. */
export function unwatchable(problem: string, remedy: string): MqError {
  return new MqError(
    'MQ_CONFIG_INVALID',
    `${problem}, so nobody could tell whether a message that is published in a transaction is really part of it. ${remedy}`,
  );
}
