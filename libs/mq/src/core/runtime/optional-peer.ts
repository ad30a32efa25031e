import { describeError } from '../errors/describe-error.js';
import { MqError } from '../errors/mq-error.js';
import { readProperty } from '../errors/read-property.js';

/**
 * Loads a package that only some applications have.
 *
 * @param name of the package
 * @param neededBy what needs it, for the message
 * @param install arguments of `npm install` that bring it
 * @throws {MqError} `MQ_PEER_MISSING` when it is not installed; what its own code throws is passed on
 */
export async function optionalPeer<T>(
  name: string,
  neededBy: string,
  install: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const code = readProperty(cause, 'code');
    const missing =
      (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') &&
      describeError(cause).message.includes(`'${name}'`);
    if (!missing) throw cause;
    throw new MqError(
      'MQ_PEER_MISSING',
      `${neededBy} needs the package ${name}, which is not installed. Run: npm install ${install}`,
      { details: { package: name }, cause },
    );
  }
}
