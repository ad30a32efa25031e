import type { Check } from './check.js';
import { blockedKeys } from './checks/blocked-keys.js';
import { broker } from './checks/broker.js';
import { clock } from './checks/clock.js';
import { columns } from './checks/columns.js';
import { constraints } from './checks/constraints.js';
import { database } from './checks/database.js';
import { deadRows } from './checks/dead-rows.js';
import { delays } from './checks/delays.js';
import { entities } from './checks/entities.js';
import { indexes } from './checks/indexes.js';
import { leases } from './checks/leases.js';
import { nodes } from './checks/nodes.js';
import { openTransactions } from './checks/open-transactions.js';
import { orphans } from './checks/orphans.js';
import { overdue } from './checks/overdue.js';
import { owners } from './checks/owners.js';
import { plans } from './checks/plans.js';
import { pool } from './checks/pool.js';
import { pruning } from './checks/pruning.js';
import { retention } from './checks/retention.js';
import { schema } from './checks/schema.js';
import { settings } from './checks/settings.js';
import { stripes } from './checks/stripes.js';
import { wire } from './checks/wire.js';

/** In the order in which they run: what others need comes first. */
// prettier-ignore
export const CHECKS: readonly Check[] = [
  pool, retention, leases, wire,
  database, settings, clock, entities, openTransactions,
  schema, columns, indexes, constraints, stripes, plans,
  owners, orphans, overdue, blockedKeys, pruning, deadRows,
  nodes,
  broker, delays,
];
