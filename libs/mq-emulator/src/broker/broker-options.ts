import type { Journal } from '../journal/journal.js';
import type { Clock } from '../runtime/clock.js';

/** What the broker needs to know; every time in milliseconds. */
export interface BrokerOptions {
  clock: Clock;
  journal: Journal;
  log: (line: string) => void;
  invisible: number;
  invisibleOrdered: number;
  /** Deliveries until a message is dead. */
  maxAttempts: number;
  /** Where a new group begins to read. */
  startFrom: 'beginning' | 'end';
  /** How long a visible message is kept at most. */
  retention: number;
}
