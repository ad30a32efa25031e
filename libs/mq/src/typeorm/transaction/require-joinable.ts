import { MqError } from '../../core/errors/mq-error.js';
import type { AmbientTransactions } from './ambient-transactions.js';

/**
 * Makes sure that the services which a handler calls work in the transaction of its delivery, whichever library begins
 * their transactions. To be called once all providers are there.
 * @throws {MqError} `MQ_CONFIG_INVALID`: their effects would stay, and come again, when an attempt fails
 */
export function requireJoinable(libraries: readonly AmbientTransactions[]): void {
  const managing = libraries.filter((library) => library.manages());
  const problems = managing.map((library) => library.problem()).filter((problem) => problem !== null);
  if (managing.length > 1) {
    problems.push(`${managing.map(({ name }) => name).join(' and ')} manage the same data source`);
  }
  if (problems.length === 0) return;
  throw new MqError(
    'MQ_CONFIG_INVALID',
    `@Transactional() services that a handler calls could not join the transaction of its delivery, so their effects would stay ` +
      `when it fails: ${problems.join('; ')}. Let one of them manage the data source: npm ls shows copies of a package, ` +
      'npm dedupe removes them, and a bundler must have this library in the same bundle as the package, or neither of the two.',
    { details: { problems } },
  );
}
