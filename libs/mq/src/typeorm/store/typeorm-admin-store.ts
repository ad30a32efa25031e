import type {
  AdminFilter,
  AdminRecord,
  AdminStore,
  BlockedKey,
  CancelOutcome,
  DiscardOutcome,
  OperatorRequest,
  Released,
  ReplayOutcome,
  ReplayRequest,
} from '../../core/store/admin-store.js';
import type { OutboxStats } from '../../core/store/outbox-store.js';
import type { OwnConnections } from './own-connections.js';
import { blockedKeys } from './sql/blocked-keys.js';
import { cancelOne } from './sql/cancel.js';
import { discardOne } from './sql/discard.js';
import { findParked } from './sql/find-parked.js';
import { findPublished } from './sql/find-published.js';
import { stats } from './sql/inspect.js';
import { replayOne, type ReplayTarget } from './sql/replay.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** What operators see and do, in PostgreSQL, MySQL or MariaDB. */
export class TypeOrmAdminStore implements AdminStore {
  constructor(
    private readonly own: OwnConnections,
    private readonly target: ReplayTarget,
  ) {}

  stats(): Promise<OutboxStats> {
    return stats(this.own);
  }

  async find(filter: AdminFilter): Promise<AdminRecord[]> {
    const limit = Math.min(Math.max(1, Math.floor(filter.limit ?? DEFAULT_LIMIT)), MAX_LIMIT);
    const published = filter.side === 'consume' ? [] : await findPublished(this.own, filter, limit);
    const parked = filter.side === 'publish' ? [] : await findParked(this.own, filter, limit);
    return [...published, ...parked]
      .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1))
      .slice(0, limit);
  }

  async replay(ids: readonly string[], request: ReplayRequest): Promise<ReplayOutcome[]> {
    const outcomes: ReplayOutcome[] = [];
    for (const id of ids) outcomes.push(await replayOne(this.own, this.target, id, request));
    return outcomes;
  }

  async discard(ids: readonly string[], request: OperatorRequest): Promise<Released<DiscardOutcome>> {
    const outcomes: DiscardOutcome[] = [];
    const openKeys: string[] = [];
    for (const id of ids) {
      const { openKey, outcome } = await discardOne(this.own, id, request);
      outcomes.push({ id, outcome });
      if (openKey !== null) openKeys.push(openKey);
    }
    return { outcomes, openKeys };
  }

  async cancel(ids: readonly string[], request: OperatorRequest): Promise<Released<CancelOutcome>> {
    const outcomes: CancelOutcome[] = [];
    const openKeys: string[] = [];
    for (const id of ids) {
      const { openKey, outcome } = await cancelOne(this.own, id, request);
      outcomes.push(outcome);
      if (openKey !== null) openKeys.push(openKey);
    }
    return { outcomes, openKeys };
  }

  blockedKeys(limit: number): Promise<BlockedKey[]> {
    return blockedKeys(this.own, limit);
  }
}
