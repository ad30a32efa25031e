import type { ResolvedOptions } from '../core/config/resolved-options.js';
import type { Subscription } from '../core/consumer/handlers/subscription.js';
import type { Clock } from '../core/runtime/clock.js';
import type { Inspection } from '../core/transport/inspection.js';
import type { DatabaseView } from './database-view.js';
import type { DoctorFinding } from './finding.js';

/** What a doctor looks at in one place. It reads only. */
export interface Check {
  /** For the report: `indexes`. */
  readonly code: string;
  /** What it cannot run without. `tables` are those of this version, on a database that answers. */
  readonly needs: 'nothing' | 'database' | 'tables' | 'broker';
  /** @throws anything: then the report says that it was not checked, and why */
  run(context: CheckContext): Promise<readonly DoctorFinding[]> | readonly DoctorFinding[];
  /** What it finds when it has no answer in time. Without it that is no finding, and the report says that it was not checked. */
  silence?(context: CheckContext, waitedMs: number): readonly DoctorFinding[];
}

export interface CheckContext {
  readonly options: ResolvedOptions;
  /** What handlers of this application read. */
  readonly subscriptions: readonly Pick<Subscription, 'spec' | 'topic' | 'group' | 'label'>[];
  /** Connections in the pool of this process. */
  readonly poolSize: number;
  readonly clock: Clock;
  /** From which age a transaction counts as left open. */
  readonly transactionMs: number;
  readonly database: DatabaseView;
  /** What the broker says of the topics and subscriptions. The broker is asked once. */
  inspection(): Promise<Inspection>;
  /** Says that something could not be looked at, beside what the check finds. */
  untold(why: string): void;
}
