import { MqError } from '../../core/errors/mq-error.js';

/**
 * Something that is not there. Whoever uses it is told so; who only passes it on, prints it or awaits it is not.
 * @throws {MqError} `MQ_TEST_MISUSE` at every access to a member that such a thing would have
 */
export function refusing(why: string, whatInstead = ''): object {
  return new Proxy(Object.create(null) as object, {
    get: (_, member) => {
      // Asked by `await`, by printers and by test runners about anything that they meet.
      if (typeof member === 'symbol' || QUIET.has(member)) return undefined;
      throw new MqError('MQ_TEST_MISUSE', `.${member} was used, and ${why}.${whatInstead && ` ${whatInstead}`}`);
    },
  });
}

const QUIET = new Set([
  'then',
  'toJSON',
  'asymmetricMatch',
  'nodeType',
  'constructor',
  '$$typeof',
  '@@__IMMUTABLE_ITERABLE__@@',
]);
