import { fullJitter } from '../retry/backoff.js';
import { disown } from '../runtime/user-code.js';
import { parseDuration } from '../runtime/duration.js';
import type { Random } from '../runtime/random.js';
import type { BackoffSetting, MqFailure } from './options.js';
import { join, type Problems } from './problems.js';
import type { BackoffPolicy } from './resolved-options.js';

/**
 * A backoff setting as one function. A user's function that throws, or answers what is no duration, falls back to the
 * default policy: a mistake in it must not decide what becomes of a message.
 */
export function resolveBackoff(
  problems: Problems,
  path: string,
  value: unknown,
  defaults: { base: string; cap: string },
  random: Random,
): BackoffPolicy {
  if (typeof value === 'function') {
    const custom = value as Extract<BackoffSetting, (failure: MqFailure) => unknown>;
    const fallback = exponential(parseDuration(defaults.base), parseDuration(defaults.cap), random);
    return (failure) => {
      try {
        const answer = custom(failure);
        disown(answer);
        return answer === 'park' ? 'park' : parseDuration(answer);
      } catch (error) {
        disown(error);
        return fallback(failure);
      }
    };
  }
  const setting = problems.object(path, value, ['base', 'cap']);
  const baseMs = problems.duration(join(path, 'base'), setting['base'], defaults.base, { min: 1 });
  const capMs = problems.duration(join(path, 'cap'), setting['cap'], defaults.cap, { min: 1 });
  if (capMs < baseMs && setting['base'] !== undefined && setting['cap'] !== undefined) {
    problems.add(join(path, 'cap'), `must not be below base (${baseMs} ms), is ${capMs} ms`);
  }
  return exponential(baseMs, Math.max(baseMs, capMs), random);
}

function exponential(baseMs: number, capMs: number, random: Random): BackoffPolicy {
  return ({ attempt }) => fullJitter(attempt, baseMs, capMs, random);
}
