/**
 * The longest wait that somebody else can impose. A broker, or a proxy that speaks for it, asks for seconds; what asks for
 * years is broken or hostile, and would end up in the database as the time at which a message is due.
 */
export const MAX_ASKED_WAIT_MS = 300_000;

/** A wait that was asked for, from 0 to {@link MAX_ASKED_WAIT_MS}; `undefined` for what is no number. */
export function askedWait(ms: number | undefined): number | undefined {
  return ms === undefined || Number.isNaN(ms) ? undefined : Math.min(MAX_ASKED_WAIT_MS, Math.max(0, ms));
}
