/** What metrics ask of the tables, and who asks. */
export interface MetricsStore {
  /**
   * Takes the duty to measure, or keeps it, until `ms` from now on the database's clock; at most one candidate has it at a
   * time. One plain SELECT as long as another has it.
   */
  takeDuty(candidate: string, ms: number): Promise<DutyAnswer>;
  /** Gives the duty up, so that nobody has to wait for the end of its lease. */
  leaveDuty(candidate: string): Promise<void>;
  /** Never counts the finished rows, and of a topic at most its share of {@link MEASURED_ROWS}. */
  measure(): Promise<TableMeasures>;
}

/** Rows that one measurement looks at. Of more, "that many or more" is all that is said. */
export const MEASURED_ROWS = 100_000;

export interface DutyAnswer {
  readonly held: boolean;
  /** Epoch milliseconds, the database's clock. */
  readonly databaseMs: number;
}

export interface TableMeasures {
  readonly outbox: readonly OutboxMeasure[];
  readonly errors: readonly ErrorMeasure[];
}

/** Unfinished rows of one topic in one state. */
export interface OutboxMeasure {
  /** Alias. */
  readonly topic: string;
  readonly status: 'PENDING' | 'SENDING' | 'ACCEPTED';
  readonly count: number;
  /** Since the oldest of them was published, or was to be delivered. Never negative. */
  readonly oldestMs: number;
  /** How long the earliest of them has been due; 0 when none is, and while the topic is paused. */
  readonly overdueMs: number;
}

/** Parked messages that nobody has decided about, of one group (`null`: of the outbox) and class of error. */
export interface ErrorMeasure {
  readonly topic: string | null;
  readonly group: string | null;
  readonly errorClass: string;
  readonly count: number;
  /** When the oldest of them was parked: epoch milliseconds, the database's clock. */
  readonly oldestAt: number;
}
