import type { BulkResult } from '../../core/operators/bulk.js';
import type { Pruned } from '../../core/relay/pruner.js';
import type { AdminFilter, MessageFilter } from '../../core/store/admin-filter.js';
import type {
  CancelOutcome,
  DiscardOutcome,
  ReplayOutcome,
  RescheduleOutcome,
} from '../../core/store/admin-outcomes.js';
import type { AdminRecord } from '../../core/store/admin-record.js';
import type { ErrorGroupFilter, MqErrorGroup } from '../../core/store/error-group.js';
import type { ActionFilter, MqAction } from '../../core/store/action-store.js';
import type { MqNode } from '../../core/store/node-store.js';
import type { MqPause, PauseTarget } from '../../core/store/pause-store.js';
import type { MqExplanation } from '../../core/explain/explanation.js';
import type { MqTimeline } from '../../core/explain/timeline.js';
import type { DoctorReport } from '../../doctor/finding.js';
import type { DoctorOptions } from '../../doctor/run-doctor.js';
import type { BulkOptions, PruneOptions } from './admin/decide.js';
import type { RescheduleOptions } from './admin/reschedule-options.js';
import type { MqCounts } from './admin/mq-counts.js';
import type { MqHealth, MqLiveness } from './admin/mq-health.js';
import type { OperatorOptions } from './admin/operator-request.js';
import type { PauseOptions } from './admin/pauses.js';

/** What operators need. */
export abstract class MqAdminService {
  /** Rows by status, parked deliveries, blocked keys, orphans, and how long the earliest row is overdue. */
  abstract counts(): Promise<MqCounts>;
  /**
   * Messages, newest first.
   * @throws {MqError} `MQ_MESSAGE_INVALID` for a filter field that there is not
   */
  abstract find(filter?: AdminFilter): Promise<AdminRecord[]>;
  /** Equal errors grouped: how many messages, since when, and what was decided about those like them. Newest first. */
  abstract errorGroups(filter?: ErrorGroupFilter): Promise<MqErrorGroup[]>;
  /**
   * Says where a message is, why, and what happens next, in words and from what the tables know.
   * @param idOrKey id of the message, of a row that replays it, of an error row (as `find` answers them), or its key; of a key the
   *   newest 20 messages, oldest first. Of what nobody knows it says what can be known.
   * @example
   * const [{ state, because, next }] = await admin.explain('0197f1c2-…');
   */
  abstract explain(idOrKey: string): Promise<MqExplanation[]>;
  /** Tells what has happened to a message so far. `idOrKey` as for {@link explain}. */
  abstract timeline(idOrKey: string): Promise<MqTimeline[]>;
  /**
   * Sends dead and parked messages again, under the id that they had. `ids` are those that `find` answers.
   * @param options.reason kept with the error rows: who asks in a year will want to know
   */
  abstract replay(ids: readonly string[], options: OperatorOptions): Promise<ReplayOutcome[]>;
  /**
   * Replays everything dead and parked that a filter means and nobody has decided about, oldest first, those of one ordering key in
   * their order. Stops at `signal` and when the database fails, and says how far it came; the same call again goes on.
   * @example await admin.replay({ group: 'stock', errorGroup: '47bfd68c74de' }, { reason: 'fixed', rate: 50, dryRun: true })
   * @throws {MqError} `MQ_MESSAGE_INVALID` for fields that there are not; what the database says, if it fails before the first
   */
  abstract replay(filter: MessageFilter, options: BulkOptions): Promise<BulkResult>;
  /**
   * Ends dead and parked messages for good: nothing is sent or run again, and the younger messages of a dead one's
   * ordering key go on. `ids` are those that `find` answers.
   * @param options.reason kept with the error rows
   */
  abstract discard(ids: readonly string[], options: OperatorOptions): Promise<DiscardOutcome[]>;
  /** Discards everything that a filter means, as `replay` replays it. */
  abstract discard(filter: MessageFilter, options: BulkOptions): Promise<BulkResult>;
  /**
   * Cancels messages that have not left yet: delayed ones, those that wait for the broker or behind another of their
   * ordering key. They end as `CANCELLED`. What is on the wire at this moment is left alone.
   * @param options.reason kept with the row
   */
  abstract cancel(ids: readonly string[], options: OperatorOptions): Promise<CancelOutcome[]>;
  /**
   * Gives messages that wait in the outbox another time to leave: `{ at }`, or `{ in }` from now, by the database's clock. They
   * keep their place in their ordering key: behind an older message one goes when its turn comes, if that is later.
   */
  abstract reschedule(ids: readonly string[], options: RescheduleOptions): Promise<RescheduleOutcome[]>;
  /** Processes that use these tables, one for each of their connections, the oldest first: what each runs and has in hand. */
  abstract nodes(): Promise<MqNode[]>;
  /**
   * Pauses a topic (nothing of it is sent; publishing goes on) or a group (nothing is polled for it; what is in hand is
   * finished) in all processes: in this one at once, in the others within 10 s. It outlasts restarts, and ends at `resume` or
   * when its time is over.
   *
   * @example
   * await admin.pause('group:stock', { for: '30m', reason: 'the warehouse moves' });
   * @throws {MqError} `MQ_UNKNOWN_TOPIC`, `MQ_UNKNOWN_GROUP`, `MQ_MESSAGE_INVALID`
   */
  abstract pause(target: PauseTarget, options: PauseOptions): Promise<void>;
  /** Ends a pause. Without one nothing happens. @throws {MqError} `MQ_UNKNOWN_TOPIC`, `MQ_UNKNOWN_GROUP`, `MQ_MESSAGE_INVALID` */
  abstract resume(target: PauseTarget, options?: Partial<OperatorOptions>): Promise<void>;
  /** What is paused now, the longest first. */
  abstract pauses(): Promise<MqPause[]>;
  /** What operators have done, newest first: who, when, why. */
  abstract actions(filter?: ActionFilter): Promise<MqAction[]>;
  /** Deletes now what its retention has ended for, as processes with the role `relay` do every few minutes. Answers how many rows. */
  abstract prune(options?: PruneOptions): Promise<Pruned>;
  /** Never rejects, and answers within about three seconds, also when the database does not; it then says what it could not learn. */
  abstract health(): Promise<MqHealth>;
  /** Whether a restart of this process would help. Asks neither the database nor the broker, whose outages restarts do not end. */
  abstract liveness(): MqLiveness;
  /**
   * Looks for what is set up wrongly and for what is stuck, in the configuration, the database, the tables, at the broker and
   * among the processes. Changes nothing, sends and takes no message. Takes a second or two, and some more where something is away.
   */
  abstract doctor(options?: DoctorOptions): Promise<DoctorReport>;
}
