import { describeError } from '../../core/errors/describe-error.js';
import { MqError } from '../../core/errors/mq-error.js';
import type { AdminFilter, AdminRecord, ReplayOutcome } from '../../core/store/admin-store.js';
import type { OutboxStats } from '../../core/store/outbox-store.js';
import type { MqRuntime } from '../mq-runtime.js';
import { MqAdminService, type MqHealth } from './mq-admin.service.js';

/** A row that has been due for this long says that no relay takes care of it. */
const OVERDUE_MS = 60_000;

/** {@link MqAdminService} on one connection. */
export class Admin extends MqAdminService {
  constructor(private readonly runtime: MqRuntime) {
    super();
  }

  counts(): Promise<OutboxStats> {
    return this.runtime.admin.stats();
  }

  find(filter: AdminFilter = {}): Promise<AdminRecord[]> {
    return this.runtime.admin.find(filter);
  }

  async replay(ids: readonly string[], { reason }: { reason: string }): Promise<ReplayOutcome[]> {
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new MqError(
        'MQ_MESSAGE_INVALID',
        'replay() needs a reason: it is kept with the error rows, for whoever looks at them later.',
      );
    }
    const { instance, options, relay, admin } = this.runtime;
    const outcomes = await admin.replay(ids, { reason, owner: instance, maxAttempts: options.reproduce.maxAttempts });
    relay.loop.wake();
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
    } catch (error) {
      down.push(`the database does not answer: ${describeError(error).message}`);
    }
    return {
      status: down.length > 0 ? 'down' : degraded.length > 0 ? 'degraded' : 'up',
      reasons: [...down, ...degraded],
    };
  }
}
