import { problemsOfConfig } from './config/problems-of-config.js';
import { EmulatorError } from './emulator-error.js';
import type { EmulatorOptions } from './emulator-options.js';
import { systemClock } from './runtime/clock.js';
import { type Duration, parseDuration } from './runtime/duration.js';

const DAY_MS = 86_400_000;

/** Options with their defaults, durations in milliseconds. */
export type ResolvedOptions = ReturnType<typeof resolveOptions>;

/**
 * @throws EmulatorError `OPTION_INVALID` with every problem at once
 */
export function resolveOptions(options: EmulatorOptions) {
  const problems: string[] = [];
  const check = (valid: boolean, problem: string) => {
    if (!valid) problems.push(problem);
  };
  const duration = (name: string, value: Duration, max: number): number => {
    try {
      const ms = parseDuration(value);
      check(ms > 0 && ms <= max, `${name} must be more than 0 and at most ${max / DAY_MS} days`);
      return ms;
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
      return 0;
    }
  };
  const {
    port = 0,
    accessKeyId = 'test',
    accessKeySecret = 'test',
    maxAttempts = 289,
    startFrom = 'beginning',
  } = options;
  check(Number.isInteger(port) && port >= 0 && port <= 65_535, `port must be a number from 0 to 65535`);
  check(/^[^:\s]+$/.test(accessKeyId), 'accessKeyId must be text without colons and blanks');
  check(accessKeySecret !== '', 'accessKeySecret must not be empty');
  check(Number.isInteger(maxAttempts) && maxAttempts >= 1, 'maxAttempts must be a number from 1');
  check(startFrom === 'beginning' || startFrom === 'end', 'startFrom must be "beginning" or "end"');
  check(options.data !== '', 'data must name a folder');
  if (options.config !== undefined) problems.push(...problemsOfConfig(options.config));
  const resolved = {
    port,
    data: options.data,
    credentials: { accessKeyId, accessKeySecret },
    config: options.config,
    invisible: duration('invisible', options.invisible ?? '5m', DAY_MS),
    invisibleOrdered: duration('invisibleOrdered', options.invisibleOrdered ?? '1m', DAY_MS),
    maxAttempts,
    startFrom,
    retention: duration('retention', options.retention ?? '3d', 3_650 * DAY_MS),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    onStep: options.onStep,
    log: options.log ?? (() => {}),
  };
  if (problems.length > 0) throw new EmulatorError('OPTION_INVALID', problems.join('; '));
  return resolved;
}
