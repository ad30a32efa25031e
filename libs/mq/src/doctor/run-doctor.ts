import type { DataSource } from 'typeorm';
import { configError } from '../core/config/resolve-options.js';
import type { ResolvedOptions } from '../core/config/resolved-options.js';
import type { Subscription } from '../core/consumer/handlers/subscription.js';
import { describeError } from '../core/errors/describe-error.js';
import type { Clock } from '../core/runtime/clock.js';
import { Deadline } from '../core/runtime/deadline.js';
import { tryParseDuration, type Duration } from '../core/runtime/duration.js';
import { onAbort } from '../core/runtime/on-abort.js';
import { systemClock } from '../core/runtime/system-clock.js';
import type { Inspection } from '../core/transport/inspection.js';
import { poolSizeOf } from '../typeorm/connection/pool-size.js';
import type { TableLocation } from '../typeorm/sql/table-names.js';
import { CHECKS } from './checks.js';
import type { Check, CheckContext } from './check.js';
import { DatabaseView } from './database-view.js';
import type { DoctorFinding, DoctorReport } from './finding.js';

/** One connection of an application, started or not. */
export interface DoctorSubject {
  readonly options: ResolvedOptions;
  /** May be one that is not connected: then the database is what is wrong. */
  readonly dataSource: DataSource;
  readonly tables: TableLocation;
  /** What its handlers read. */
  readonly subscriptions: readonly Pick<Subscription, 'spec' | 'topic' | 'group' | 'label'>[];
  /** Default: the system's. */
  readonly clock?: Clock;
}

export interface DoctorOptions {
  /** Look at the configuration alone, and ask neither database nor broker. Default `false`. */
  offline?: boolean;
  /** How long one check may take. Default `'10s'`. */
  timeout?: Duration;
  /** From which age a transaction counts as left open. Default `'10m'`. */
  openTransaction?: Duration;
  /** Ends it early: what has not run is not checked. */
  signal?: AbortSignal;
}

type Needs = Check['needs'];

/**
 * Looks for what is set up wrongly, and for what is stuck. Reads only: statements run in transactions that may not write, and no
 * message is sent or taken. Goes on when the database or the broker is away, and never rejects for what it finds.
 *
 * @throws {MqError} `MQ_CONFIG_INVALID` for options that are none
 * @example
 * const { findings } = await admin.doctor();
 * for (const { code, what, todo } of findings) console.log(`${code}: ${what}\n  ${todo}`);
 */
export async function runDoctor(subject: DoctorSubject, options: DoctorOptions = {}): Promise<DoctorReport> {
  return new Doctor(subject, options).examine();
}

/** One examination. What stands in the way of later checks is known from the earlier ones, which is why their order matters. */
class Doctor {
  private readonly findings: DoctorFinding[] = [];
  private readonly checked: string[] = [];
  private readonly notChecked: { check: string; why: string }[] = [];
  /** Why checks that need this cannot run. */
  private readonly obstacles = new Map<Needs, string>();
  private readonly clock: Clock;
  private readonly timeoutMs: number;
  private readonly transactionMs: number;
  private asked: Promise<Inspection> | null = null;

  constructor(
    private readonly subject: DoctorSubject,
    private readonly options: DoctorOptions,
  ) {
    this.clock = subject.clock ?? systemClock;
    const { connection } = subject.options;
    const duration = (name: 'timeout' | 'openTransaction', fallback: Duration): number => {
      const ms = tryParseDuration(options[name] ?? fallback);
      if (ms !== undefined) return ms;
      throw configError(connection, [
        `doctor.${name}: must be a duration like '10s', is ${JSON.stringify(options[name])}`,
      ]);
    };
    this.timeoutMs = duration('timeout', '10s');
    this.transactionMs = duration('openTransaction', '10m');
    if (options.offline)
      for (const needs of ['database', 'tables', 'broker'] as const) this.obstacles.set(needs, 'offline');
  }

  async examine(): Promise<DoctorReport> {
    for (const check of CHECKS) await this.perform(check);
    const errors = this.findings.filter(({ severity }) => severity === 'error');
    const warnings = this.findings.filter(({ severity }) => severity === 'warning');
    return {
      connection: this.subject.options.connection,
      healthy: this.findings.length === 0,
      findings: [...errors, ...warnings],
      checked: this.checked,
      notChecked: this.notChecked,
    };
  }

  private async perform(check: Check): Promise<void> {
    const obstacle = this.options.signal?.aborted ? 'it was ended before' : this.obstacles.get(check.needs);
    if (obstacle !== undefined) return this.skip(check, obstacle);
    const { dataSource, tables } = this.subject;
    const database = new DatabaseView(dataSource, tables);
    // Not before the next turn: a check that throws at once fails as one that rejects.
    const context = this.context(check, database);
    const work = Promise.resolve().then(() => check.run(context));
    if (!(await this.inTime(work))) {
      database.abandon();
      const found = this.options.signal?.aborted ? null : check.silence?.(context, this.timeoutMs);
      return found ? this.note(check, found) : this.skip(check, `no answer within ${this.timeoutMs} ms`);
    }
    try {
      this.note(check, await work);
    } catch (error) {
      this.skip(check, describeError(error).message);
    }
  }

  private async inTime(work: Promise<unknown>): Promise<boolean> {
    const { signal } = this.options;
    if (!signal) return Deadline.in(this.clock, this.timeoutMs).covers(work);
    let forget: () => void = () => undefined;
    const ended = new Promise<false>((resolve) => (forget = onAbort(signal, () => resolve(false))));
    const inTime = await Promise.race([Deadline.in(this.clock, this.timeoutMs).covers(work), ended]);
    forget();
    return inTime;
  }

  private note({ code }: Check, found: readonly DoctorFinding[]): void {
    this.checked.push(code);
    this.findings.push(...found);
    for (const { code: finding } of found) {
      if (finding === 'database-unreachable') this.block(['database', 'tables'], 'the database does not answer');
      if (/^tables-(missing|outdated|foreign)$/.test(finding))
        this.block(['tables'], `the tables are not what they should be (${finding})`);
      if (finding.startsWith('broker-')) this.block(['broker'], 'the broker does not answer');
    }
  }

  private block(needs: readonly Needs[], why: string): void {
    for (const each of needs) if (!this.obstacles.has(each)) this.obstacles.set(each, why);
  }

  private skip({ code }: Check, why: string): void {
    this.notChecked.push({ check: code, why });
    if (code === 'database') this.block(['database', 'tables'], why);
    if (code === 'schema') this.block(['tables'], why);
    if (code === 'broker') this.block(['broker'], why);
  }

  private context({ code }: Check, database: DatabaseView): CheckContext {
    const { options, subscriptions, dataSource } = this.subject;
    return {
      options,
      subscriptions,
      poolSize: poolSizeOf(dataSource),
      clock: this.clock,
      transactionMs: this.transactionMs,
      database,
      inspection: () => (this.asked ??= this.inspect()),
      untold: (why) => this.notChecked.push({ check: code, why }),
    };
  }

  private async inspect(): Promise<Inspection> {
    const { transport, topics } = this.subject.options;
    if (!transport.inspect) throw new Error(`the transport ${transport.name} cannot ask its broker without a message`);
    const over = new AbortController();
    // Before the check that asks is given up: what the broker has not said by then is what it finds.
    const forget = this.clock.schedule(this.timeoutMs * 0.8, () => over.abort());
    const request = {
      topics: [...topics.values()],
      subscriptions: this.subject.subscriptions.map(({ spec }) => spec),
    };
    return transport.inspect(request, over.signal).finally(forget);
  }
}
