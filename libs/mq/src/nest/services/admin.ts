import { describeError } from '../../core/errors/describe-error.js';
import { MqError } from '../../core/errors/mq-error.js';
import type {
  AdminFilter,
  AdminRecord,
  BlockedKey,
  CancelOutcome,
  DiscardOutcome,
  OperatorRequest,
  ReplayOutcome,
} from '../../core/store/admin-store.js';
import type { MqRuntime } from '../mq-runtime.js';
import { MqAdminService, type MqCounts, type MqHealth } from './mq-admin.service.js';

/** A row that has been due for this long says that no relay takes care of it. */
const OVERDUE_MS = 60_000;
const BLOCKED_KEYS_COUNTED = 100;
/** Health names the first ones; how many there are is for `counts()`. */
const BLOCKED_KEYS_NAMED = 3;

/** {@link MqAdminService} on one connection. */
export class Admin extends MqAdminService {
  constructor(private readonly runtime: MqRuntime) {
    super();
  }

  async counts(): Promise<MqCounts> {
    const { admin } = this.runtime;
    return { ...(await admin.stats()), blockedKeys: await admin.blockedKeys(BLOCKED_KEYS_COUNTED) };
  }

  find(filter: AdminFilter = {}): Promise<AdminRecord[]> {
    return this.runtime.admin.find(filter);
  }

  async replay(ids: readonly string[], { reason }: { reason: string }): Promise<ReplayOutcome[]> {
    const { options, relay, admin } = this.runtime;
    const request = { ...this.request('replay', reason), maxAttempts: options.reproduce.maxAttempts };
    const outcomes = await admin.replay(ids, request);
    relay.loop.wake();
    return outcomes;
  }

  async discard(ids: readonly string[], { reason }: { reason: string }): Promise<DiscardOutcome[]> {
    const { relay, admin } = this.runtime;
    const { outcomes, openKeys } = await admin.discard(ids, this.request('discard', reason));
    relay.release(openKeys);
    return outcomes;
  }

  async cancel(ids: readonly string[], { reason }: { reason: string }): Promise<CancelOutcome[]> {
    const { relay, admin } = this.runtime;
    const { outcomes, openKeys } = await admin.cancel(ids, this.request('cancel', reason));
    relay.release(openKeys);
    return outcomes;
  }

  async health(): Promise<MqHealth> {
    const { relay, consumers } = this.runtime;
    const consumer = consumers.health();
    const down = [...consumer.down];
    const degraded = [...consumer.degraded];
    if (relay.circuit.connectionOpen) degraded.push('the broker takes no messages; they wait in the outbox');
    for (const topic of relay.circuit.openTopics)
      degraded.push(`the broker takes no messages for topic ${topic}; they wait in the outbox`);
    try {
      // Not counts(): those grow with the table, and probes ask often.
      const overdueMs = -((await this.runtime.outbox.nextDueIn({ exceptTopics: relay.circuit.openTopics })) ?? 0);
      if (overdueMs > OVERDUE_MS && !relay.circuit.connectionOpen) {
        degraded.push(
          `a message has been due for ${Math.round(overdueMs / 1000)} s: does a process with the role 'relay' run?`,
        );
      }
      const blocked = await this.runtime.admin.blockedKeys(BLOCKED_KEYS_NAMED);
      degraded.push(...blocked.filter(({ waiting }) => waiting > 0).map(describeBlockedKey));
    } catch (error) {
      down.push(`the database does not answer: ${describeError(error).message}`);
    }
    return {
      status: down.length > 0 ? 'down' : degraded.length > 0 ? 'degraded' : 'up',
      reasons: [...down, ...degraded],
    };
  }

  private request(what: string, reason: string): OperatorRequest {
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new MqError(
        'MQ_MESSAGE_INVALID',
        `${what}() needs a reason: it is kept with the rows, for whoever looks at them later.`,
      );
    }
    return { reason, owner: this.runtime.instance };
  }
}

function describeBlockedKey({ topic, orderingKey, deadId, since, waiting }: BlockedKey): string {
  return (
    `${waiting} messages of topic ${topic} with the ordering key ${orderingKey} wait behind the dead message ${deadId} ` +
    `since ${since.toISOString()}: replay or discard it`
  );
}
