import type { CliContext } from './cli-context.js';
import type { Values } from './values.js';

/**
 * One command, as data: what it is called and takes, and what it does. Nothing here knows the package that reads command
 * lines, so commands can be listed without it.
 *
 * @example
 * export const pruneCommand: Command = {
 *   name: 'prune',
 *   summary: 'deletes what its retention has ended for',
 *   examples: ['mq prune', 'mq prune --json'],
 *   run: async (context) => { … },
 * };
 */
export interface Command {
  readonly name: string;
  /** A line without an end, for lists. */
  readonly summary: string;
  /** Whole sentences under the summary, for `--help`. */
  readonly description?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** Whole lines to type. Two at least, for commands without {@link commands}. */
  readonly examples: readonly string[];
  /** Commands below it. The first one runs when none is named. */
  readonly commands?: readonly Command[];
  /** Whether it stops in order when `context.signal` aborts, always or with these options. A signal ends others where they are. */
  readonly stopsOnSignal?: boolean | ((values: Values) => boolean);
  /** Answers the exit code, 0 unless it says so. Left out where there are {@link commands}. */
  readonly run?: (context: CliContext, values: Values) => Promise<number | void>;
}

export interface ArgumentSpec {
  /** `<topic>` where it is needed, `[topic]` where not, `<id...>` for any number. */
  readonly name: string;
  readonly description: string;
}

export interface OptionSpec {
  /** `--max-time <duration>`, `--once`, `--stop-when-empty [duration]`. */
  readonly flags: string;
  readonly description: string;
  /** Makes the value of what was typed. @throws {UsageError} when it is none */
  readonly parse?: (typed: string, flags: string) => unknown;
  /** What is taken for typed where the value may be left out, and is. */
  readonly preset?: string;
  readonly default?: unknown;
}
