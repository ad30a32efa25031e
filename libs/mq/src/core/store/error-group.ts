/** Which errors to group. Conditions are joined by "and". */
export interface ErrorGroupFilter {
  readonly side?: 'publish' | 'consume';
  /** Aliases. */
  readonly topic?: string;
  readonly group?: string;
  /** Errors of this time and later, by the database's clock. */
  readonly since?: Date;
  /** `false`: only of parked messages that nobody has decided about. `true`: only of those that somebody has. */
  readonly resolved?: boolean;
  /** The groups whose newest error is newest; 100 unless set, 1,000 at most. */
  readonly limit?: number;
}

/** Errors that are the same but for numbers, ids and what stands in quotes. */
export interface MqErrorGroup {
  /** The same in every process and at every time; what the filter field `errorGroup` takes. */
  readonly id: string;
  readonly side: 'publish' | 'consume';
  /** Alias; empty for an outage of a whole connection. */
  readonly topic: string;
  /** Alias; side `consume` only. */
  readonly group?: string;
  readonly code: string;
  readonly errorClass: string;
  /** Text of the newest one. */
  readonly message: string;
  /** Messages that have failed like this, whatever became of them; outages count one each. */
  readonly count: number;
  /** Messages parked with it that nobody has decided about. */
  readonly open: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  /** Of the newest one; `null` for an outage. */
  readonly lastMessageId: string | null;
  /** Messages parked with it that somebody has decided about, and what was decided. */
  readonly decided: { readonly replayed: number; readonly discarded: number };
  /** Only the newest errors are looked at, up to a number: those from here on. `null`: these are all. */
  readonly countedSince: Date | null;
}
