import { MqError } from '../../../core/errors/mq-error.js';
import type { OperatorRequest } from '../../../core/store/admin-store.js';

/** What everybody says who changes something by hand. */
export interface OperatorOptions {
  /** Why. It is kept with what was changed. */
  readonly reason: string;
  /** Who. Default: this process, as `host:pid`. */
  readonly actor?: string;
}

/**
 * Operators call these from scripts and consoles as well, where no compiler looks at the arguments.
 * @throws {MqError} `MQ_MESSAGE_INVALID`
 */
export function requestOf(what: string, ids: unknown, given: OperatorOptions, instance: string): OperatorRequest {
  if (!Array.isArray(ids) || ids.some((id) => typeof id !== 'string')) {
    throw new MqError('MQ_MESSAGE_INVALID', `${what}() needs a list of ids, as find() gives them: ['0197…'].`);
  }
  const reason = (given as { reason?: unknown } | undefined)?.reason;
  if (typeof reason !== 'string' || reason.trim() === '') {
    throw new MqError(
      'MQ_MESSAGE_INVALID',
      `${what}() needs a reason, { reason: '…' }: it is kept with the rows, for whoever looks at them later.`,
    );
  }
  const { actor } = given as { actor?: unknown };
  if (actor !== undefined && (typeof actor !== 'string' || actor.trim() === '')) {
    throw new MqError('MQ_MESSAGE_INVALID', `${what}() needs an actor that is a text, or none: { actor: 'ann@ops' }.`);
  }
  return { reason, owner: actor ?? instance };
}
