import { MqError } from '../errors/mq-error.js';
import type { Violation } from '../transport/transport.js';

/**
 * For a transport that is used without MqModule, which asks for `problems()` at boot.
 *
 * @param factory how the user made it: `rocketmq()`
 * @throws {MqError} `MQ_CONFIG_INVALID`
 */
export function requireOptions(factory: string, violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  const lines = violations.map(({ path, problem }) => `${path}: ${problem}`);
  throw new MqError('MQ_CONFIG_INVALID', `The options of ${factory} have problems:\n  ${lines.join('\n  ')}`);
}
