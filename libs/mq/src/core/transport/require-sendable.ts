import { TransportError } from './transport-error.js';
import type { Violation } from './transport.js';

/**
 * Refuses what `validateMessage` found fault with. A row may be older than the rules, or have been written for another
 * transport, so each transport asks again before it sends.
 *
 * @throws {TransportError} `too-large`, `invalid`
 */
export function requireSendable(what: string, [violation]: readonly Violation[]): void {
  if (!violation) return;
  const { tooLarge, path, problem } = violation;
  throw new TransportError(tooLarge ? 'too-large' : 'invalid', `${what}: ${path} ${problem}`);
}
