/** `replayed` with the id of the new status row, or why not. */
export type ReplayOutcome =
  | { readonly id: string; readonly outcome: 'replayed'; readonly rowId: string }
  /** `problem`: why nobody can send it from here. Without one, somebody has decided about it already, or it was never parked. */
  | { readonly id: string; readonly outcome: 'not-found' | 'not-replayable'; readonly problem?: string };

/** `not-discardable`: neither dead nor parked, or somebody has replayed or discarded it already. */
export interface DiscardOutcome {
  readonly id: string;
  readonly outcome: 'discarded' | 'not-found' | 'not-discardable';
}

/**
 * `not-cancellable`: it is on the wire at this moment, has left, or is finished. `mayHaveLeft`: an earlier attempt ended
 * without an answer of the broker, so consumers may see the message all the same.
 */
export type CancelOutcome =
  | { readonly id: string; readonly outcome: 'cancelled'; readonly mayHaveLeft: boolean }
  | { readonly id: string; readonly outcome: 'not-found' | 'not-cancellable' };

/** `not-reschedulable`: it is on the wire at this moment, has left, or is finished. */
export type RescheduleOutcome =
  | { readonly id: string; readonly outcome: 'rescheduled'; /** By the database's clock. */ readonly dueAt: Date }
  | { readonly id: string; readonly outcome: 'not-found' | 'not-reschedulable' };
