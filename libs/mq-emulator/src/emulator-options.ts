import type { IncomingHttpHeaders } from 'node:http';
import type { EmulatorConfig } from './config/emulator-config.js';
import type { Operation } from './protocol/route.js';
import type { Clock } from './runtime/clock.js';
import type { Duration } from './runtime/duration.js';

/** One message that a request is about. */
export interface StepMessage {
  /** The broker's id; missing before a published message has one. */
  messageId?: string;
  /** The property `mq-id` of the message. */
  mqId?: string;
  tag?: string;
}

/** What an observer is told of a request. */
export interface StepInfo {
  operation: Operation;
  instance: string;
  topic: string;
  /** `''` when publishing. */
  group: string;
  /** Of an ack, commit or rollback there are only message ids; of a consume request nothing before `stored`. */
  messages: readonly StepMessage[];
  headers: IncomingHttpHeaders;
}

/**
 * Where a request stands. `received`: valid, nothing done yet. `stored`: done and written down, not answered; of a
 * consume request, handed out. `answered`: the answer was given to the operating system.
 */
export type Step = 'received' | 'stored' | 'answered';

/**
 * Called at each step and waited for, so that a test can kill a client at exactly this place. `'drop'` cuts the
 * connection and leaves the rest undone: at `received` nothing is stored.
 */
export type StepObserver = (step: Step, info: StepInfo) => void | 'drop' | Promise<void | 'drop'>;

/** Options of `startEmulator`. */
export interface EmulatorOptions {
  /** Loopback port; 0, the default here, picks a free one. */
  port?: number;
  /** Folder in which messages survive. In memory without it. */
  data?: string;
  /** What clients must sign with; `test`, `test`. */
  accessKeyId?: string;
  accessKeySecret?: string;
  /** Declared instances, topics and groups. Everything springs into existence without it. */
  config?: EmulatorConfig;
  /** How long a delivered message stays invisible; 5 minutes. */
  invisible?: Duration;
  /** The same for ordered consumption; 1 minute. */
  invisibleOrdered?: Duration;
  /** Deliveries until a message is a dead letter; 289. */
  maxAttempts?: number;
  /** Where a new group begins to read; `'beginning'`. The real service: `'end'`. */
  startFrom?: 'beginning' | 'end';
  /** How long a message is kept at most; 3 days. */
  retention?: Duration;
  /** Time for messages; the system's. A `ManualClock` for tests. */
  clock?: Clock;
  /** For the `probability` of faults, from 0 to 1; `Math.random`. */
  random?: () => number;
  onStep?: StepObserver;
  /** Talk for people, a line at a time; silent by default. */
  log?: (line: string) => void;
}
