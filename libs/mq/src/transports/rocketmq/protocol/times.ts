import type { Duration, Timestamp, TimestampReceived } from './generated.js';

/** Whole seconds and the rest in nanoseconds: the protocol has no fractions, and refuses them. */
export function toDuration(ms: number): Duration {
  return split(Math.max(0, Math.round(ms)));
}

export function toTimestamp(epochMs: number): Timestamp {
  return split(Math.round(epochMs));
}

export function fromTimestamp(timestamp: TimestampReceived | null | undefined): number | null {
  return timestamp ? timestamp.seconds * 1_000 + Math.floor(timestamp.nanos / 1_000_000) : null;
}

function split(ms: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: (ms - seconds * 1_000) * 1_000_000 };
}
