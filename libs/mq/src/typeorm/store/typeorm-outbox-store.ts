import type { EntityManager } from 'typeorm';
import type { OutboxStore } from '../../core/store/outbox-store.js';
import type { OwnConnections } from './own-connections.js';
import { claim, nextDueIn } from './statements/claim.js';
import { park, refund, reschedule } from './statements/give-up.js';
import { recordErrors } from './statements/insert-errors.js';
import { confirm, inspect, stats } from './statements/inspect.js';
import { markSent } from './statements/mark-sent.js';
import { blocked, defer, promote, wakeStranded } from './statements/order.js';
import { recentOwners, unfinishedLanes } from './statements/owners.js';
import { prune } from './statements/prune.js';
import { stage } from './statements/stage.js';

/**
 * Hand-written SQL: four statements carry all the load, and each is the way it is because another way was slower, or
 * locked what it should not. Every file in `statements/` says which and by how much.
 */
const STATEMENTS = {
  stage,
  confirm,
  claim,
  blocked,
  defer,
  promote,
  wakeStranded,
  markSent,
  reschedule,
  park,
  refund,
  nextDueIn,
  unfinishedLanes,
  recentOwners,
  inspect,
  recordErrors,
  prune,
  stats,
};

type Statement = (own: OwnConnections, ...args: never[]) => unknown;
type OnConnections<F> = F extends (own: OwnConnections, ...args: infer Args) => infer Result
  ? (...args: Args) => Result
  : never;

/** The outbox in PostgreSQL, MySQL or MariaDB: the functions of `statements/`, on these connections. */
export function typeOrmOutboxStore(own: OwnConnections): OutboxStore<EntityManager> {
  const bound = Object.entries<Statement>(STATEMENTS).map(([name, statement]) => [name, statement.bind(null, own)]);
  return Object.fromEntries(bound) as { [Name in keyof typeof STATEMENTS]: OnConnections<(typeof STATEMENTS)[Name]> };
}
