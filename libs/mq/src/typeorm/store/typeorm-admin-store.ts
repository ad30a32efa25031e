import type { ActionName } from '../../core/store/action-store.js';
import type { AdminFilter, MessageFilter } from '../../core/store/admin-filter.js';
import type {
  CancelOutcome,
  DiscardOutcome,
  ReplayOutcome,
  RescheduleOutcome,
} from '../../core/store/admin-outcomes.js';
import type { AdminRecord, BlockedKey } from '../../core/store/admin-record.js';
import type {
  AdminStats,
  AdminStore,
  FailingCount,
  OperatorRequest,
  Released,
  ReplayRequest,
  When,
} from '../../core/store/admin-store.js';
import type { ErrorGroupFilter, MqErrorGroup } from '../../core/store/error-group.js';
import type { Lane } from '../../core/store/outbox-store.js';
import type { UndecidedPage, UndecidedPlace } from '../../core/store/undecided.js';
import type { OwnConnections, Run } from './own-connections.js';
import { ActionLog } from './statements/action-log.js';
import { blockedKeys } from './statements/blocked-keys.js';
import { cancelOne } from './statements/cancel.js';
import { errorGroups } from './statements/error-groups.js';
import { discardOne } from './statements/discard.js';
import { failing } from './statements/failing.js';
import { findParked } from './statements/find-parked.js';
import { findPublished } from './statements/find-published.js';
import { stats } from './statements/inspect.js';
import { rescheduleWaiting } from './statements/reschedule-waiting.js';
import { replayOne } from './statements/replay.js';
import { problemsOf, type ReplayTarget } from './statements/replay-parked.js';
import { countUndecided, undecidedPage } from './statements/undecided-pages.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** What operators see and do, in PostgreSQL, MySQL or MariaDB. */
export class TypeOrmAdminStore implements AdminStore {
  constructor(
    private readonly own: OwnConnections,
    private readonly target: ReplayTarget,
  ) {}

  stats(): Promise<AdminStats> {
    return stats(this.own);
  }

  failing(): Promise<FailingCount[]> {
    return failing(this.own);
  }

  async find(filter: AdminFilter, lanes?: readonly Lane[]): Promise<AdminRecord[]> {
    const limit = Math.min(Math.max(1, Math.floor(filter.limit ?? DEFAULT_LIMIT)), MAX_LIMIT);
    const published = filter.side === 'consume' ? [] : await findPublished(this.own, filter, limit, lanes);
    const ofOutbox = filter.side === 'publish' || filter.blocked || lanes !== undefined;
    const parked = ofOutbox ? [] : await findParked(this.own, filter, limit);
    // By id, which both sides are read by: whoever asks for the next page names the last id of this one.
    return [...published, ...parked].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
  }

  errorGroups(filter: ErrorGroupFilter): Promise<MqErrorGroup[]> {
    return errorGroups(this.own, filter);
  }

  replay(ids: readonly string[], request: ReplayRequest): Promise<ReplayOutcome[]> {
    return this.each('replay', ids, request, {
      step: (run, id) => replayOne(this.own, run, this.target, id, request),
      isDone: ({ outcome }) => outcome === 'replayed',
    });
  }

  async discard(ids: readonly string[], request: OperatorRequest): Promise<Released<DiscardOutcome>> {
    const results = await this.each('discard', ids, request, {
      step: (run, id) => discardOne(this.own, run, id, request),
      isDone: ({ outcome }) => outcome === 'discarded',
    });
    const outcomes = results.map(({ id, outcome }) => ({ id, outcome }));
    return { outcomes, orderKeys: results.flatMap(({ orderKey }) => orderKey ?? []) };
  }

  async cancel(ids: readonly string[], request: OperatorRequest): Promise<Released<CancelOutcome>> {
    const results = await this.each('cancel', ids, request, {
      step: (run, id) => cancelOne(this.own, run, id, request),
      isDone: ({ outcome }) => outcome.outcome === 'cancelled',
    });
    return {
      outcomes: results.map(({ outcome }) => outcome),
      orderKeys: results.flatMap(({ orderKey }) => orderKey ?? []),
    };
  }

  reschedule(ids: readonly string[], when: When, request: OperatorRequest): Promise<RescheduleOutcome[]> {
    return this.each('reschedule', ids, request, {
      step: (run, id) => rescheduleWaiting(this.own, run, id, when),
      isDone: ({ outcome }) => outcome === 'rescheduled',
    });
  }

  countUndecided(filter: MessageFilter): Promise<{ count: number; first: UndecidedPlace }> {
    return countUndecided(this.own, filter);
  }

  undecidedPage(filter: MessageFilter, place: UndecidedPlace, limit: number): Promise<UndecidedPage> {
    return undecidedPage(this.own, filter, place, limit);
  }

  problemsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return problemsOf(this.own, this.target, ids);
  }

  blockedKeys(limit: number): Promise<BlockedKey[]> {
    return blockedKeys(this.own, limit);
  }

  /** One transaction for each id, with the action that says what was done in it. */
  private async each<T>(
    action: ActionName,
    ids: readonly string[],
    request: OperatorRequest,
    { step, isDone }: { step: (run: Run, id: string) => Promise<T>; isDone: (result: T) => boolean },
  ): Promise<T[]> {
    const log = new ActionLog(this.own, this.target.connection, action, ids, request);
    const results: T[] = [];
    for (const id of ids) results.push(await log.transaction(id, (run) => step(run, id), isDone));
    return results;
  }
}
