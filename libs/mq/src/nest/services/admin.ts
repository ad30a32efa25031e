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
import { describeOrphans, describeSharer } from '../../core/relay/orphan-watch.js';
import { Question } from '../../core/runtime/question.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { MqRuntime } from '../mq-runtime.js';
import { MqAdminService, type MqCounts, type MqHealth } from './mq-admin.service.js';

/** A row that has been due for this long says that no relay takes care of it. */
const OVERDUE_MS = 60_000;
const BLOCKED_KEYS_COUNTED = 100;
/** Health names the first ones; how many there are is for `counts()`. */
const BLOCKED_KEYS_NAMED = 3;

/** What `health()` waits for the database; those who ask for health wait a few seconds at most. */
const ANSWER_MS = 3_000;

interface Backlog {
  readonly overdueMs: number;
  readonly blocked: readonly BlockedKey[];
}

/** {@link MqAdminService} on one connection. */
export class Admin extends MqAdminService {
  private readonly backlog: Question<Backlog>;

  constructor(private readonly runtime: MqRuntime) {
    super();
    this.backlog = new Question(() => this.lookAtBacklog(), systemClock, ANSWER_MS);
  }

  async counts(): Promise<MqCounts> {
    const { admin, relay } = this.runtime;
    return {
      ...(await admin.stats()),
      blockedKeys: await admin.blockedKeys(BLOCKED_KEYS_COUNTED),
      orphans: await relay.orphans.look(),
    };
  }

  find(filter: AdminFilter = {}): Promise<AdminRecord[]> {
    return this.runtime.admin.find(filter);
  }

  async replay(ids: readonly string[], request: { reason: string }): Promise<ReplayOutcome[]> {
    const { options, relay, admin } = this.runtime;
    const checked = { ...this.check('replay', ids, request), maxAttempts: options.reproduce.maxAttempts };
    const outcomes = await admin.replay(ids, checked);
    relay.loop.wake();
    return outcomes;
  }

  async discard(ids: readonly string[], request: { reason: string }): Promise<DiscardOutcome[]> {
    const { relay, admin } = this.runtime;
    const { outcomes, openKeys } = await admin.discard(ids, this.check('discard', ids, request));
    relay.release(openKeys);
    return outcomes;
  }

  async cancel(ids: readonly string[], request: { reason: string }): Promise<CancelOutcome[]> {
    const { relay, admin } = this.runtime;
    const { outcomes, openKeys } = await admin.cancel(ids, this.check('cancel', ids, request));
    relay.release(openKeys);
    return outcomes;
  }

  async health(): Promise<MqHealth> {
    const { relay, consumers } = this.runtime;
    const consumer = consumers.health();
    const down = [...consumer.down];
    const degraded = [...consumer.degraded];
    if (relay.circuit.connectionOpen) degraded.push('the broker takes no messages; they wait in the outbox');
    for (const broker of relay.circuit.refusingBrokers)
      degraded.push(`broker ${broker} takes no messages; those for it wait in the outbox`);
    for (const topic of relay.circuit.openTopics)
      degraded.push(`the broker takes no messages for topic ${topic}; they wait in the outbox`);
    // What the relay of this process found within the last minute: a process without that role leaves it to the others.
    degraded.push(...relay.orphans.orphans.map(describeOrphans), ...relay.orphans.sharers.map(describeSharer));
    try {
      const answer = await this.backlog.ask();
      if ('value' in answer) {
        const { overdueMs, blocked } = answer.value;
        if (overdueMs > OVERDUE_MS && !relay.circuit.connectionOpen) {
          degraded.push(
            `a message has been due for ${Math.round(overdueMs / 1000)} s: does a process with the role 'relay' run?`,
          );
        }
        degraded.push(...blocked.filter(({ waiting }) => waiting > 0).map(describeBlockedKey));
      } else {
        down.push(
          `the database has not answered for ${Math.round(answer.silentMs)} ms, or its pool has no connection left, ` +
            'so nobody knows whether messages are overdue or blocked',
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

  /** Not counts(): those grow with the table, and probes ask often. */
  private async lookAtBacklog(): Promise<Backlog> {
    const { outbox, relay, admin } = this.runtime;
    const overdueMs = -((await outbox.nextDueIn(relay.lanes.except(relay.circuit.openTopics))) ?? 0);
    return { overdueMs, blocked: await admin.blockedKeys(BLOCKED_KEYS_NAMED) };
  }

  /** Operators call these from scripts and consoles as well, where no compiler looks at the arguments. */
  private check(what: string, ids: unknown, request: { reason: string }): OperatorRequest {
    if (!Array.isArray(ids) || ids.some((id) => typeof id !== 'string')) {
      throw new MqError('MQ_MESSAGE_INVALID', `${what}() needs a list of ids, as find() gives them: ['0197…'].`);
    }
    const reason = (request as { reason?: unknown } | undefined)?.reason;
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new MqError(
        'MQ_MESSAGE_INVALID',
        `${what}() needs a reason, { reason: '…' }: it is kept with the rows, for whoever looks at them later.`,
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
