import type { HealthCause } from '../../../core/consumer/state/health-cause.js';
import { describeError } from '../../../core/errors/describe-error.js';
import { describePause } from '../../../core/pauses/describe-pause.js';
import { describeOrphans, describeSharer } from '../../../core/relay/orphan-watch.js';
import { inWords } from '../../../core/runtime/in-words.js';
import { SingleFlight } from '../../../core/runtime/single-flight.js';
import { systemClock } from '../../../core/runtime/system-clock.js';
import type { BlockedKey } from '../../../core/store/admin-record.js';
import type { MqRuntime } from '../../mq-runtime.js';
import type { MqHealth, MqLiveness } from './mq-health.js';
import { outageCauses } from './outage-causes.js';

/** A row that has been due for this long says that no relay takes care of it. */
const OVERDUE_MS = 60_000;
/** Health names the first ones; how many there are is for `counts()`. */
const BLOCKED_KEYS_NAMED = 3;

/** How long `health()` waits for the database; probes wait a few seconds at most. */
const ANSWER_MS = 3_000;

interface Backlog {
  readonly overdueMs: number;
  readonly blocked: readonly BlockedKey[];
}

/** Whether this process can do its work, and what stands in its way: each cause once. */
export class Health {
  private readonly backlog: SingleFlight<Backlog>;

  constructor(private readonly runtime: MqRuntime) {
    this.backlog = new SingleFlight(() => this.lookAtBacklog(), systemClock, ANSWER_MS);
  }

  async health(): Promise<MqHealth> {
    const { relay, consumers, outages, operations } = this.runtime;
    const answers = await this.askDatabase();
    const away = answers.some(({ code }) => code === 'database');
    const causes = [
      ...answers,
      // Of the database one sentence is enough, and of polls what is told of the broker or the topic.
      ...consumers.health().causes.filter(({ code }) => code !== 'polling' && !(away && code === 'database')),
      ...(await outageCauses(this.runtime, outages.current(), { databaseIsAway: away })),
      // What the relay of this process found within the last minute: a process without that role leaves it to the others.
      ...relay.orphans.orphans.map((orphans): HealthCause => {
        const since = new Date(systemClock.now() - orphans.overdueMs);
        const { waiting } = orphans;
        return { code: 'rows-orphaned', severity: 'degraded', text: describeOrphans(orphans), since, waiting };
      }),
      ...relay.orphans.sharers.map((sharer): HealthCause => ({
        code: 'tables-shared',
        severity: 'degraded',
        text: describeSharer(sharer),
      })),
    ].sort((a, b) => Number(b.severity === 'down') - Number(a.severity === 'down'));
    const worst = causes[0]?.severity;
    return {
      status: worst ?? 'up',
      reasons: causes.map(({ text }) => text),
      causes,
      notes: operations.board.pauses.map(describePause),
    };
  }

  /** Looks at nothing outside of this process: an outage of the database or the broker must not restart every process. */
  liveness(): MqLiveness {
    const { relay, consumers } = this.runtime;
    const stuck = consumers
      .health()
      .causes.filter(({ code, severity }) => code === 'handler-stuck' && severity === 'down');
    const reasons = stuck.map(({ text }) => text);
    const lateMs = relay.loop.overdueMs;
    if (lateMs > 0) reasons.push(`the relay should have looked for messages ${inWords(lateMs)} ago, and has not`);
    return { alive: reasons.length === 0, reasons };
  }

  private async askDatabase(): Promise<HealthCause[]> {
    try {
      const answer = await this.backlog.ask();
      if ('value' in answer) return this.causesOf(answer.value);
      const text =
        `the database has not answered for ${Math.round(answer.silentMs)} ms, or its pool has no connection left, ` +
        'so nobody knows whether messages are overdue or blocked';
      const since = new Date(systemClock.now() - answer.silentMs);
      return [{ code: 'database', severity: 'down', text, since }];
    } catch (error) {
      const text = `the database does not answer: ${describeError(error).message}`;
      const since = this.runtime.outages.current().find(({ cause }) => cause === 'database')?.since;
      return [{ code: 'database', severity: 'down', text, ...(since && { since }) }];
    }
  }

  private causesOf({ overdueMs, blocked }: Backlog): HealthCause[] {
    const causes: HealthCause[] = [];
    // A topic that is away is told as that, and left out of the look.
    if (overdueMs > OVERDUE_MS && !this.runtime.relay.circuit.connectionOpen) {
      const text = `a message has been due for ${Math.round(overdueMs / 1000)} s: does a process with the role 'relay' run?`;
      causes.push({ code: 'overdue', severity: 'degraded', text, since: new Date(systemClock.now() - overdueMs) });
    }
    for (const key of blocked) if (key.waiting > 0) causes.push(blockedCause(key));
    return causes;
  }

  /** Not counts(): those grow with the table, and probes ask often. */
  private async lookAtBacklog(): Promise<Backlog> {
    const { outbox, relay, admin } = this.runtime;
    const overdueMs = -((await outbox.nextDueIn(relay.lanes.except(relay.circuit.openTopics))) ?? 0);
    return { overdueMs, blocked: await admin.blockedKeys(BLOCKED_KEYS_NAMED) };
  }
}

function blockedCause({ topic, orderingKey, deadId, since, waiting }: BlockedKey): HealthCause {
  const text =
    `${waiting} messages of topic ${topic} with the ordering key ${orderingKey} wait behind the dead message ${deadId} ` +
    `since ${since.toISOString()}: replay or discard it`;
  return { code: 'key-blocked', severity: 'degraded', text, since, waiting };
}
