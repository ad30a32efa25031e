import type { BulkResult } from '../../core/operators/bulk.js';
import type { MessageFilter } from '../../core/store/admin-filter.js';
import type { DiscardOutcome, ReplayOutcome } from '../../core/store/admin-outcomes.js';
import type { BulkOptions } from '../../nest/services/admin/decide.js';
import type { OperatorOptions } from '../../nest/services/admin/operator-request.js';
import type { MqAdminService } from '../../nest/services/mq-admin.service.js';

/** What somebody decides about dead and parked messages, and how that is said. */
export interface Decision {
  readonly name: 'replay' | 'discard';
  readonly became: 'replayed' | 'discarded';
  /** Of the rows, for whoever is asked. */
  readonly sentence: string;
  byIds(
    admin: MqAdminService,
    ids: readonly string[],
    options: OperatorOptions,
  ): Promise<readonly (ReplayOutcome | DiscardOutcome)[]>;
  byFilter(admin: MqAdminService, filter: MessageFilter, options: BulkOptions): Promise<BulkResult>;
}

export const REPLAY: Decision = {
  name: 'replay',
  became: 'replayed',
  sentence: 'they are sent again',
  byIds: (admin, ids, options) => admin.replay(ids, options),
  byFilter: (admin, filter, options) => admin.replay(filter, options),
};

export const DISCARD: Decision = {
  name: 'discard',
  became: 'discarded',
  sentence: 'they end for good, nothing is sent or run again',
  byIds: (admin, ids, options) => admin.discard(ids, options),
  byFilter: (admin, filter, options) => admin.discard(filter, options),
};
