import type { TickResult } from '../../core/relay/relay-tick.js';

/**
 * Delivers again what got stuck: rows whose time has come, whose lease ran out, or whose group stayed silent. Runs by
 * itself in processes with the role `relay`, on as many instances as you like.
 */
export abstract class ReproduceService {
  /**
   * One pass, awaited to its end. Works in every role. It replaces the polls alone: some process must run with the
   * role `relay` all the same, which also prunes and finds what sleeps behind a message of its key that is gone.
   */
  abstract runOnce(): Promise<TickResult>;
  abstract start(): void;
  abstract stop(): Promise<void>;
}
