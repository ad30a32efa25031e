import { MqError } from '../errors/mq-error.js';
import type { PublishOptionsOf } from './publishing.js';

const KNOWN = ['manager', 'transaction'];

/** @throws {MqError} `MQ_MESSAGE_INVALID` for a misspelt option, without which a transaction would not be joined */
export function requirePublishOptions(method: string, options: PublishOptionsOf<unknown>): void {
  const unknown = Object.keys(options).filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) {
    throw new MqError(
      'MQ_MESSAGE_INVALID',
      `${method}() has no option ${unknown.join(', ')}. Known: ${KNOWN.join(', ')}. A manager is passed as { manager }.`,
      { details: { options: unknown } },
    );
  }
  if (options.transaction === 'own' && options.manager !== undefined) {
    throw new MqError(
      'MQ_MESSAGE_INVALID',
      "publish() got a manager and transaction: 'own', which contradict each other. Pass the manager to join its transaction, or 'own' to open one.",
    );
  }
}
