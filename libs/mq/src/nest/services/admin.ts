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
import { runDoctor, type DoctorOptions } from '../../doctor/run-doctor.js';
import type { MqRuntime } from '../mq-runtime.js';
import { type BulkOptions, Decide, type PruneOptions } from './admin/decide.js';
import { Explain } from './admin/explain.js';
import { Health } from './admin/health.js';
import { Nodes } from './admin/nodes.js';
import { Pauses, type PauseOptions } from './admin/pauses.js';
import { Look } from './admin/look.js';
import type { MqCounts } from './admin/mq-counts.js';
import type { MqHealth, MqLiveness } from './admin/mq-health.js';
import type { OperatorOptions } from './admin/operator-request.js';
import type { RescheduleOptions } from './admin/reschedule-options.js';
import { MqAdminService } from './mq-admin.service.js';
import type { HandlerInfo } from './mq-consumer.service.js';

/** {@link MqAdminService} on one connection. It only says which part does what. */
export class Admin extends MqAdminService {
  private readonly look: Look;
  private readonly explaining: Explain;
  private readonly decide: Decide;
  private readonly healthOf: Health;
  private readonly nodesOf: Nodes;
  private readonly pausesOf: Pauses;

  constructor(
    private readonly runtime: MqRuntime,
    handlers: () => readonly HandlerInfo[],
  ) {
    super();
    this.look = new Look(runtime);
    this.explaining = new Explain(runtime, handlers);
    this.decide = new Decide(runtime);
    this.healthOf = new Health(runtime);
    this.nodesOf = new Nodes(runtime);
    this.pausesOf = new Pauses(runtime);
  }

  counts(): Promise<MqCounts> {
    return this.look.counts();
  }

  find(filter: AdminFilter = {}): Promise<AdminRecord[]> {
    return this.look.find(filter);
  }

  errorGroups(filter: ErrorGroupFilter = {}): Promise<MqErrorGroup[]> {
    return this.look.errorGroups(filter);
  }

  explain(idOrKey: string): Promise<MqExplanation[]> {
    return this.explaining.explain(idOrKey);
  }

  timeline(idOrKey: string): Promise<MqTimeline[]> {
    return this.explaining.timeline(idOrKey);
  }

  replay(ids: readonly string[], options: OperatorOptions): Promise<ReplayOutcome[]>;
  replay(filter: MessageFilter, options: BulkOptions): Promise<BulkResult>;
  replay(which: readonly string[] | MessageFilter, options: BulkOptions): Promise<ReplayOutcome[] | BulkResult> {
    return isFilter(which) ? this.decide.replayAll(which, options) : this.decide.replay(which, options);
  }

  discard(ids: readonly string[], options: OperatorOptions): Promise<DiscardOutcome[]>;
  discard(filter: MessageFilter, options: BulkOptions): Promise<BulkResult>;
  discard(which: readonly string[] | MessageFilter, options: BulkOptions): Promise<DiscardOutcome[] | BulkResult> {
    return isFilter(which) ? this.decide.discardAll(which, options) : this.decide.discard(which, options);
  }

  reschedule(ids: readonly string[], options: RescheduleOptions): Promise<RescheduleOutcome[]> {
    return this.decide.reschedule(ids, options);
  }

  cancel(ids: readonly string[], options: OperatorOptions): Promise<CancelOutcome[]> {
    return this.decide.cancel(ids, options);
  }

  prune(options: PruneOptions = {}): Promise<Pruned> {
    return this.decide.prune(options);
  }

  nodes(): Promise<MqNode[]> {
    return this.nodesOf.nodes();
  }

  pause(target: PauseTarget, options: PauseOptions): Promise<void> {
    return this.pausesOf.pause(target, options);
  }

  resume(target: PauseTarget, options?: Partial<OperatorOptions>): Promise<void> {
    return this.pausesOf.resume(target, options);
  }

  pauses(): Promise<MqPause[]> {
    return this.pausesOf.pauses();
  }

  actions(filter: ActionFilter = {}): Promise<MqAction[]> {
    return this.runtime.operations.actions.list(filter);
  }

  health(): Promise<MqHealth> {
    return this.healthOf.health();
  }

  liveness(): MqLiveness {
    return this.healthOf.liveness();
  }

  doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
    const { options: resolved, dataSource, tables, subscribed } = this.runtime;
    return runDoctor({ options: resolved, dataSource, tables, subscriptions: subscribed }, options);
  }
}

/** Whatever else it may be is refused as the list of ids that it is not. */
function isFilter(which: readonly string[] | MessageFilter): which is MessageFilter {
  return typeof which === 'object' && which !== null && !Array.isArray(which);
}
