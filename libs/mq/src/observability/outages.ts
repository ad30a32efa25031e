import type { MqEvents } from '../core/events/event-bus.js';
import type { FailureInfo } from '../core/events/event-map.js';
import type { Clock } from '../core/runtime/clock.js';
import type { LineLogger } from './line-logger.js';
import type { Outage } from './outage.js';
import { causeOfCircuit, causeOfLoop, type OutageCause, saysWhenRecovered } from './outage-cause.js';
import { describeOutage, outageBegan, outageEnded, outageGoesOn } from './outage-lines.js';

/** Between two lines of one cause. */
const EVERY_MS = 60_000;
/** All must have worked for this long before it is over: what comes back often fails once more. */
const SETTLE_MS = 5_000;
/** What does not say when it works again is forgotten after this long without a failure. */
const FORGET_MS = 60_000;

/** `tells`: it says by itself when it works again. */
interface Part {
  readonly kind: 'circuit' | 'poll' | 'statement';
  readonly tells: boolean;
  readonly failedAt: number;
}

interface Running {
  readonly cause: OutageCause;
  readonly startedAt: number;
  readonly since: Date;
  error: FailureInfo;
  /** What fails, by name. */
  readonly parts: Map<string, Part>;
  /** When nothing failed any more; `null` while something does. */
  recoveredAt: number | null;
  /** Whether its beginning was told. */
  told: boolean;
  /** Messages that were sent since it began. */
  sent: number;
  cancelTick: () => void;
  cancelEnd: () => void;
}

interface OutagesSettings {
  readonly clock: Clock;
  readonly logger: LineLogger;
  /** What the transport calls its broker. */
  readonly broker: string;
  /** What the broker calls the topic of this alias. */
  readonly topicOf: (alias: string) => string;
  /** How many messages wait in the outbox for this cause; `null` when nobody can tell. Never rejects. */
  readonly waiting: (cause: OutageCause) => Promise<number | null>;
}

/**
 * Folds what fails for one cause into one outage: the circuits of the relay, the polls of all groups, what the database did not write.
 * An outage costs one line when it begins, one a minute with how many messages wait, and one when it is over.
 *
 * States of a cause:
 *
 * - *well*: nothing fails. → *failing* on a failure, which writes the first line; within a minute of the last line of the same cause it
 *   keeps silent until that minute is over.
 * - *failing*: at least one part fails. Each minute a line. → *settling* when the last part works again.
 * - *settling*: → *failing* on a failure, without a line. → *well* after five seconds, with the last line, unless nothing was told of it.
 */
export class Outages {
  private readonly running = new Map<OutageCause, Running>();
  private readonly lastLineAt = new Map<OutageCause, number>();
  private readonly unsubscribe: (() => void)[];

  constructor(
    events: MqEvents,
    private readonly settings: OutagesSettings,
  ) {
    const { topicOf } = settings;
    const works = (): void => this.databaseWorks();
    this.unsubscribe = [
      events.on('circuit.opened', ({ scope, error }) =>
        this.failed(causeOfCircuit(scope), `circuit ${scope}`, error, 'circuit', true),
      ),
      events.on('circuit.closed', ({ scope }) => this.works(causeOfCircuit(scope), `circuit ${scope}`)),
      events.on('loop.failed', (event) => {
        const cause = causeOfLoop(event, topicOf);
        const kind = cause === 'database' ? 'statement' : 'poll';
        if (cause !== null) this.failed(cause, event.loop, event.error, kind, saysWhenRecovered(event));
      }),
      events.on('loop.recovered', ({ loop, topic }) => {
        for (const cause of this.running.keys()) this.works(cause, loop);
        // A poll has asked the broker.
        if (topic === undefined) works();
      }),
      events.on('message.published', works),
      events.on('delivery.handled', works),
      events.on('delivery.parked', works),
      events.on('delivery.duplicate', works),
      events.on('delivery.discarded', works),
      events.on('relay.ticked', works),
      events.on('message.sent', ({ topic }) => this.countSent(topicOf(topic))),
    ];
  }

  /** What is away now, as far as this process can see. */
  current(): Outage[] {
    return [...this.running.values()].filter(({ parts }) => parts.size > 0).map(toOutage);
  }

  /** Whether a message of this topic (alias) waits because of one of them. */
  explains(alias: string): boolean {
    const topic: OutageCause = `topic ${this.settings.topicOf(alias)}`;
    return [...this.running.keys()].some((cause) => cause === topic || cause.startsWith('broker'));
  }

  /** As one sentence, for health. */
  describe(outage: Outage): string {
    return describeOutage(outage, this.settings.broker);
  }

  stop(): void {
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    for (const outage of this.running.values()) {
      outage.cancelTick();
      outage.cancelEnd();
    }
    this.running.clear();
  }

  private failed(cause: OutageCause, part: string, error: FailureInfo, kind: Part['kind'], tells: boolean): void {
    const { clock, logger, broker } = this.settings;
    const outage = this.running.get(cause) ?? this.begin(cause, error);
    outage.error = error;
    outage.parts.set(part, { kind, tells, failedAt: clock.monotonic() });
    outage.recoveredAt = null;
    outage.cancelEnd();
    if (outage.told || this.nextLineInMs(cause) > 0) return;
    outage.told = true;
    this.lastLineAt.set(cause, clock.monotonic());
    const { text, fields } = outageBegan(toOutage(outage), broker);
    logger.write('outage.began', text, fields);
  }

  private begin(cause: OutageCause, error: FailureInfo): Running {
    const { clock } = this.settings;
    const outage: Running = {
      cause,
      startedAt: clock.monotonic(),
      since: new Date(clock.now()),
      error,
      parts: new Map(),
      recoveredAt: null,
      told: false,
      sent: 0,
      cancelTick: () => undefined,
      cancelEnd: () => undefined,
    };
    this.running.set(cause, outage);
    this.tickLater(outage, this.nextLineInMs(cause) || EVERY_MS);
    return outage;
  }

  private works(cause: OutageCause, part: string): void {
    const outage = this.running.get(cause);
    if (outage?.parts.delete(part)) this.settleIfWell(outage);
  }

  /** A statement has succeeded: what failed now and then is over. What tells of itself will do so. */
  private databaseWorks(): void {
    const outage = this.running.get('database');
    if (!outage || outage.recoveredAt !== null) return;
    this.forgetSilent(outage, 0);
  }

  private forgetSilent(outage: Running, olderThanMs: number): void {
    const now = this.settings.clock.monotonic();
    for (const [name, { tells, failedAt }] of outage.parts)
      if (!tells && now - failedAt >= olderThanMs) outage.parts.delete(name);
    this.settleIfWell(outage);
  }

  private settleIfWell(outage: Running): void {
    if (outage.parts.size > 0 || outage.recoveredAt !== null) return;
    const { clock } = this.settings;
    outage.recoveredAt = clock.monotonic();
    outage.cancelEnd = clock.schedule(SETTLE_MS, () => this.end(outage));
  }

  private end(outage: Running): void {
    const { logger, broker, clock } = this.settings;
    outage.cancelTick();
    this.running.delete(outage.cause);
    if (!outage.told) return;
    this.lastLineAt.set(outage.cause, clock.monotonic());
    const lastedMs = Math.round(outage.recoveredAt! - outage.startedAt);
    const { text, fields } = outageEnded(toOutage(outage), broker, { lastedMs, sent: outage.sent });
    logger.write('outage.ended', text, fields);
  }

  private tickLater(outage: Running, ms: number): void {
    outage.cancelTick = this.settings.clock.schedule(ms, () => void this.tick(outage));
  }

  private async tick(outage: Running): Promise<void> {
    const { clock, logger, broker, waiting } = this.settings;
    this.tickLater(outage, EVERY_MS);
    this.forgetSilent(outage, FORGET_MS);
    if (outage.recoveredAt !== null) return;
    const lastedMs = Math.round(clock.monotonic() - outage.startedAt);
    const count = await waiting(outage.cause);
    // It may have ended while the database was asked.
    if (this.running.get(outage.cause) !== outage || outage.recoveredAt !== null) return;
    outage.told = true;
    this.lastLineAt.set(outage.cause, clock.monotonic());
    const { text, fields } = outageGoesOn(toOutage(outage), broker, { lastedMs, waiting: count });
    logger.write('outage.goes-on', text, fields);
  }

  private countSent(topic: string): void {
    for (const outage of this.running.values())
      if (outage.cause === 'broker' || outage.cause === `topic ${topic}`) outage.sent++;
  }

  private nextLineInMs(cause: OutageCause): number {
    const last = this.lastLineAt.get(cause);
    return last === undefined ? 0 : Math.max(0, last + EVERY_MS - this.settings.clock.monotonic());
  }
}

function toOutage({ cause, error, since, parts }: Running): Outage {
  return { cause, error, since, polls: [...parts.values()].filter(({ kind }) => kind === 'poll').length };
}
