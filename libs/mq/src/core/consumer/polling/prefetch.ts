import type { GroupState } from '../state/group-state.js';

/** How long a message may wait for a slot here, where another process might have taken it at once. */
export const PREFETCH_WAIT_MS = 250;
/** The line is filled up when it has become this short: one request for many messages instead of many for one. */
const REFILL_SHARE = 1 / 4;

/**
 * How many messages a poll loop may ask for: those that slots are free for, and a line of others that wait for the next free one.
 *
 * Without a line every slot waits for a request to the broker after each message, and each request brings one message: a
 * third of the time of a small handler. The line is as long as can be expected to move up within a quarter of a second, at the
 * pace at which the group's slots became free lately, and never longer than what one request brings. So handlers that take seconds have
 * none, and their messages stay at the broker for whoever is free.
 */
export class Prefetch {
  constructor(
    private readonly group: GroupState,
    private readonly mostAtOnce: number,
  ) {}

  /** Messages that may wait at once. */
  get line(): number {
    const { pace, slots, mayPrefetch } = this.group;
    if (!mayPrefetch || pace.averageMs === null) return 0;
    return Math.min(this.mostAtOnce, Math.floor((PREFETCH_WAIT_MS * slots.size) / Math.max(pace.averageMs, 1)));
  }

  /** Messages to ask for while all slots are taken; 0 as long as the line is long enough. */
  get missing(): number {
    const { line } = this;
    const { waiting } = this.group.slots;
    return waiting <= line * REFILL_SHARE ? line - waiting : 0;
  }
}
