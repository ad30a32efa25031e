import type { BootMode } from '../nest/boot-mode.js';
import type { Connection } from './boot/connections.js';
import type { DatabaseNeed } from './boot/data-sources.js';
import type { Clock } from '../core/runtime/clock.js';
import type { Out } from './output/out.js';
import type { Talk } from './output/talk.js';

/** What a command works with. */
export interface CliContext {
  /** Data, on stdout. */
  readonly out: Out;
  /** Everything else, on stderr. */
  readonly err: Talk;
  /** Whether `--json` was given: one document on stdout, or a line each for streams. */
  readonly json: boolean;
  /** Whether somebody sits at a terminal who can be asked. */
  readonly isTTY: boolean;
  readonly clock: Clock;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Who is asking, for what is kept of it: `<user>@<host>`. */
  readonly actor: string;
  /**
   * Boots the application and answers its connections, only that of `--connection` if it was given. Boots once: a second call
   * answers the same, whatever its mode.
   * @param databases what the command wants of them; `needed` unless given
   * @throws {UsageError} when there is no application, no such connection, or no MqModule in it
   * @throws {MqError} `MQ_DATABASE_UNAVAILABLE`
   */
  open(mode: BootMode, databases?: DatabaseNeed): Promise<readonly Connection[]>;
  /** {@link open} for those who look and change rows: nothing of ours runs, and no broker is asked. */
  admins(): Promise<readonly Connection[]>;
  /** Drains and closes the application. Happens by itself at the end of a command. */
  close(): Promise<void>;
  /** What was typed on stdin, for those who read it. */
  readonly stdin: NodeJS.ReadableStream;
}
