import type { LoopHealth } from './consumer-health.js';

/** A poll loop, and the messages that it has in hand. */
export interface LoopActivity extends LoopHealth {
  /** Tags that the broker is asked for; `null` for all messages. */
  readonly tags: readonly string[] | null;
  /** How many handlers of the group may run at once. */
  readonly concurrency: number;
  /** Deliveries that run or wait for a slot. */
  readonly inFlight: number;
  readonly running: readonly { readonly messageId: string; readonly runningMs: number }[];
  /** Failed deliveries that wait in memory for another attempt. */
  readonly held: readonly { readonly messageId: string; readonly againInMs: number }[];
}
