import type { AdminFilter } from '../../../core/store/admin-filter.js';
import type { AdminRecord } from '../../../core/store/admin-record.js';
import type { ErrorGroupFilter, MqErrorGroup } from '../../../core/store/error-group.js';
import type { MqRuntime } from '../../mq-runtime.js';
import { checkFilter, ERROR_GROUP_FIELDS, FIND_FIELDS } from './check-filter.js';
import { groupCounts } from './group-counts.js';
import type { MqCounts } from './mq-counts.js';
import { topicCounts } from './topic-counts.js';

const BLOCKED_KEYS_COUNTED = 100;

/** What is in the tables, for people. */
export class Look {
  constructor(private readonly runtime: MqRuntime) {}

  async counts(): Promise<MqCounts> {
    const { admin, connection, evidence, metrics, operations, options, relay, subscribed } = this.runtime;
    const { deadByTopic, ...stats } = await admin.stats();
    const measures = await metrics.measure();
    return {
      ...stats,
      topics: topicCounts(measures, deadByTopic, [...options.topics.keys()]),
      groups: groupCounts({
        errors: measures.errors,
        failing: await admin.failing(),
        nodes: await operations.nodes.list(),
        handlers: subscribed.map(({ ref }) => ref),
        groups: options.groups,
        connection,
      }),
      blockedKeys: await admin.blockedKeys(BLOCKED_KEYS_COUNTED),
      orphans: await relay.orphans.look(),
      copies: await evidence.copies(),
    };
  }

  async find(filter: AdminFilter): Promise<AdminRecord[]> {
    checkFilter('find', filter, FIND_FIELDS);
    const { orphaned, ...more } = filter;
    if (!orphaned) return this.runtime.admin.find(more);
    const lanes = await this.runtime.relay.orphans.look();
    return lanes.length === 0 ? [] : this.runtime.admin.find(more, lanes);
  }

  async errorGroups(filter: ErrorGroupFilter): Promise<MqErrorGroup[]> {
    checkFilter('errorGroups', filter, ERROR_GROUP_FIELDS);
    return this.runtime.admin.errorGroups(filter);
  }
}
