import type { MqLogger } from '../core/config/options.js';
import { callDetached } from '../core/runtime/user-code.js';
import { oneLine } from '../core/runtime/one-line.js';

/** What this library writes to: whole lines, and nothing that it would have to wait for. */
export interface LineLogger {
  log(line: string): void;
  warn(line: string): void;
  error(line: string): void;
  debug(line: string): void;
}

/**
 * Every line of this library goes through here: what it tells of (ids, tags, errors, names of topics) was made by others,
 * and stays one line without control characters. A logger that fails, at once or with a promise, takes down the line and
 * nothing else.
 */
export function lineLogger(logger: MqLogger): LineLogger {
  const write =
    (level: keyof LineLogger) =>
    (line: string): void =>
      callDetached(() => logger[level]?.(oneLine(line)));
  return { log: write('log'), warn: write('warn'), error: write('error'), debug: write('debug') };
}
