import { Bulk, type BulkLimits, type BulkResult, type Decision } from '../../../core/operators/bulk.js';
import { reportDatabaseFailure } from '../../../core/events/report-database-failure.js';
import type { Pruned } from '../../../core/relay/pruner.js';
import { systemClock } from '../../../core/runtime/system-clock.js';
import type { SharedAction } from '../../../core/store/action-store.js';
import type { MessageFilter } from '../../../core/store/admin-filter.js';
import type {
  CancelOutcome,
  DiscardOutcome,
  ReplayOutcome,
  RescheduleOutcome,
} from '../../../core/store/admin-outcomes.js';
import type { OperatorRequest, When } from '../../../core/store/admin-store.js';
import type { MqRuntime } from '../../mq-runtime.js';
import { checkBulkFilter, checkBulkLimits } from './check-bulk.js';
import { type OperatorOptions, requestOf } from './operator-request.js';
import { type RescheduleOptions, whenOf } from './reschedule-options.js';

/** What the CLI and other callers pass along when they mean many messages at once. */
export interface BulkOptions extends OperatorOptions, BulkLimits {}

export interface PruneOptions extends Partial<OperatorOptions> {
  /** Stops after the batch that is under way. */
  readonly signal?: AbortSignal;
}

/** What an operator decides about messages: single ones by their ids, or all that a filter means. */
export class Decide {
  constructor(private readonly runtime: MqRuntime) {}

  async replay(ids: readonly string[], given: OperatorOptions): Promise<ReplayOutcome[]> {
    const request = requestOf('replay', ids, given, this.runtime.instance);
    return this.replayThese(ids, request);
  }

  async discard(ids: readonly string[], given: OperatorOptions): Promise<DiscardOutcome[]> {
    const request = requestOf('discard', ids, given, this.runtime.instance);
    return this.discardThese(ids, request);
  }

  async cancel(ids: readonly string[], given: OperatorOptions): Promise<CancelOutcome[]> {
    const { relay, admin, instance } = this.runtime;
    const request = requestOf('cancel', ids, given, instance);
    const { outcomes, orderKeys } = await admin.cancel(ids, request);
    relay.release(orderKeys);
    return outcomes;
  }

  async reschedule(ids: readonly string[], given: RescheduleOptions): Promise<RescheduleOutcome[]> {
    const { relay, admin, instance } = this.runtime;
    const when: When = whenOf(given);
    const request = requestOf('reschedule', ids, { ...given, reason: given.reason ?? 'rescheduled' }, instance);
    const details = 'at' in when ? { at: new Date(when.at).toISOString() } : { inMs: when.inMs };
    const outcomes = await admin.reschedule(ids, when, { ...request, details });
    relay.loop.wake();
    return outcomes;
  }

  replayAll(filter: MessageFilter, given: BulkOptions): Promise<BulkResult> {
    return this.bulk('replay', filter, given, async (id, request): Promise<Decision> => {
      const [outcome] = await this.replayThese([id], request);
      if (outcome!.outcome === 'replayed') return 'done';
      const { problem } = outcome!;
      return problem === undefined ? 'elsewhere' : { outcome: outcome!.outcome, problem };
    });
  }

  discardAll(filter: MessageFilter, given: BulkOptions): Promise<BulkResult> {
    return this.bulk('discard', filter, given, async (id, request): Promise<Decision> => {
      const [outcome] = await this.discardThese([id], request);
      return outcome!.outcome === 'discarded' ? 'done' : 'elsewhere';
    });
  }

  async prune({ signal, ...given }: PruneOptions): Promise<Pruned> {
    const { relay, instance } = this.runtime;
    const request = requestOf('prune', [], { ...given, reason: given.reason ?? 'by hand' }, instance);
    const pruned = await relay.pruner.runOnce(signal);
    await this.recordPruned(request, pruned);
    return pruned;
  }

  /** Afterwards, as it was many transactions. That this fails changes nothing about what was done, so it is reported and not thrown. */
  private async recordPruned({ reason, owner: actor }: OperatorRequest, pruned: Pruned): Promise<void> {
    const { connection, operations, events } = this.runtime;
    const affected = Object.values(pruned).reduce((sum, count) => sum + count, 0);
    if (affected === 0) return;
    const target = Object.keys(pruned).join(', ');
    try {
      const details = { ...pruned };
      await operations.actions.record({ connection, action: 'prune', actor, reason, target, details, affected });
    } catch (error) {
      reportDatabaseFailure(events, 'actions', error);
    }
  }

  private async bulk(
    what: 'replay' | 'discard',
    filter: MessageFilter,
    given: BulkOptions,
    decide: (id: string, request: OperatorRequest) => Promise<Decision>,
  ): Promise<BulkResult> {
    const { admin, instance } = this.runtime;
    checkBulkFilter(what, filter);
    const request = requestOf(what, [], given, instance);
    checkBulkLimits(what, given);
    const shared: SharedAction = { written: null };
    const one = { ...request, target: JSON.stringify(filter), details: { filter }, shared };
    const bulk = new Bulk(
      {
        count: () => admin.countUndecided(filter),
        page: (place, limit) => admin.undecidedPage(filter, place, limit),
        decide: (id) => decide(id, one),
        problemsOf: (ids) => (what === 'replay' ? admin.problemsOf(ids) : Promise.resolve(new Map())),
      },
      given,
      systemClock,
    );
    return bulk.run();
  }

  private async replayThese(ids: readonly string[], request: OperatorRequest): Promise<ReplayOutcome[]> {
    const { options, relay, admin } = this.runtime;
    const outcomes = await admin.replay(ids, { ...request, maxAttempts: options.reproduce.maxAttempts });
    relay.loop.wake();
    return outcomes;
  }

  private async discardThese(ids: readonly string[], request: OperatorRequest): Promise<DiscardOutcome[]> {
    const { relay, admin } = this.runtime;
    const { outcomes, orderKeys } = await admin.discard(ids, request);
    relay.release(orderKeys);
    return outcomes;
  }
}
