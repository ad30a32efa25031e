import { randomBytes } from 'node:crypto';

/**
 * A source of ids of a fixed number of upper-case hex digits: a prefix drawn once, and a counter.
 *
 * Random bytes per id cost more than the rest of a small publish; a random prefix of at least six bytes per process
 * keeps ids apart across restarts all the same.
 */
export function createIdSource(digits: number): () => string {
  const counterDigits = 12;
  const prefix = randomBytes((digits - counterDigits) / 2)
    .toString('hex')
    .toUpperCase();
  let counter = 0;
  return () => prefix + (++counter).toString(16).toUpperCase().padStart(counterDigits, '0');
}
