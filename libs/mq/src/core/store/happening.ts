/** One thing that has happened, as far as the tables show it by itself. No payloads. */
export interface Happening {
  /** The same in every reading. */
  readonly key: string;
  /** Epoch milliseconds on the database's clock. Of `handled` when its attempt began. */
  readonly at: number;
  readonly what: HappeningKind;
  /** Alias; `null` where no table says it. */
  readonly topic: string | null;
  /** Alias, or id at the broker where only that is known; `null` for what concerns no group. */
  readonly group: string | null;
  readonly messageId: string | null;
  readonly messageKey: string | null;
  readonly tag: string | null;
  readonly code: string | null;
  /** One line, without the names above. */
  readonly text: string;
}

export const HAPPENING_KINDS = [
  'published',
  'replayed',
  'accepted',
  'sent',
  'cancelled',
  'attempt-failed',
  'dead',
  'parked',
  'handled',
  'half-done',
  'copy',
  'action',
] as const;

export type HappeningKind = (typeof HAPPENING_KINDS)[number];

/** What was read at once. */
export interface Happenings {
  /** When it was read, on the database's clock. */
  readonly now: number;
  /** By the table and column that it comes from; newest first. */
  readonly sources: readonly (readonly Happening[])[];
  /** Rows that are read of one source at most: the newest. */
  readonly most: number;
}
