import type { MqEvents } from '../events/event-bus.js';
import type { MqEventMap } from '../events/event-map.js';
import { reportDatabaseFailure } from '../events/report-database-failure.js';
import type { Clock } from '../runtime/clock.js';
import type { LaneState, OutboxStore } from '../store/outbox-store.js';
import type { Lanes } from './lanes.js';

const BETWEEN_LOOKS_MS = 60_000;
/** Rows of others are none of our business while somebody sends them; what has been due for this long, nobody does. */
const ORPHANED_AFTER_MS = 60_000;
/** Who has not published for this long may be gone. */
const RECENT_MS = 24 * 3_600_000;

export type Orphans = MqEventMap['rows.orphaned'];
export type SharedTables = MqEventMap['tables.shared'];

/**
 * Looks for what no process claims: rows of a connection that was renamed, of a topic that is configured no more, of a
 * broker that has moved. Claims name what their process can send, so nobody else would ever see them.
 *
 * At its first look it also tells whether the tables have two owners: a connection of the same name that publishes for
 * another broker is another application, which was given the same database.
 *
 * Each finding is told once, and again when it comes back after it was gone.
 */
export class OrphanWatch {
  private stopping: AbortController | null = null;
  private loop: Promise<void> = Promise.resolve();
  private found: readonly Orphans[] = [];
  private others: readonly SharedTables[] = [];

  constructor(
    private readonly store: OutboxStore<never>,
    private readonly lanes: Lanes,
    private readonly clock: Clock,
    private readonly events: MqEvents,
  ) {}

  /** What the last look found. */
  get orphans(): readonly Orphans[] {
    return this.found;
  }

  get sharers(): readonly SharedTables[] {
    return this.others;
  }

  start(): void {
    if (this.stopping) return;
    this.stopping = new AbortController();
    const { signal } = this.stopping;
    this.loop = this.loop.then(() => this.run(signal));
  }

  stop(): Promise<void> {
    this.stopping?.abort();
    this.stopping = null;
    return this.loop;
  }

  /** One look. Answers what nobody claims. */
  async look(): Promise<readonly Orphans[]> {
    const lanes = await this.store.unfinishedLanes();
    return lanes.filter((lane) => !this.lanes.has(lane) && lane.dueInMs < -ORPHANED_AFTER_MS).map(toOrphans);
  }

  private async run(signal: AbortSignal): Promise<void> {
    let looked = false;
    while (!signal.aborted) {
      try {
        if (!looked) this.tellSharers(await this.findSharers());
        looked = true;
        this.tellOrphans(await this.look());
      } catch (error) {
        reportDatabaseFailure(this.events, 'orphans', error);
      }
      await this.clock.sleep(BETWEEN_LOOKS_MS, signal);
    }
  }

  private async findSharers(): Promise<SharedTables[]> {
    const owners = await this.store.recentOwners();
    return owners
      .filter(({ publishedAgoMs }) => publishedAgoMs < RECENT_MS)
      .filter((owner) => this.lanes.owns(owner.connection) && !this.lanes.adopts(owner))
      .map(({ connection, broker, publishedAgoMs }) => ({ connection, broker, publishedAgoMs }));
  }

  private tellSharers(sharers: readonly SharedTables[]): void {
    this.others = sharers;
    for (const sharer of sharers) this.events.emit('tables.shared', sharer);
  }

  private tellOrphans(orphans: readonly Orphans[]): void {
    const known = new Set(this.found.map(nameOf));
    this.found = orphans;
    for (const orphan of orphans) if (!known.has(nameOf(orphan))) this.events.emit('rows.orphaned', orphan);
  }
}

function toOrphans({ connection, broker, topic, waiting, dueInMs }: LaneState): Orphans {
  return { connection, broker, topic, waiting, overdueMs: -dueInMs };
}

function nameOf({ connection, broker, topic }: Orphans): string {
  return JSON.stringify([connection, broker, topic]);
}

/** What to do about it, for log and health. */
export function describeOrphans({ connection, broker, topic, waiting, overdueMs }: Orphans): string {
  return (
    `${waiting} messages of the connection ${connection} for the topic ${topic} at the broker ${broker} have been due for ` +
    `${Math.round(overdueMs / 1000)} s, and nobody sends them: if the topic is configured no more, configure it again; if the ` +
    `connection was renamed, or the broker has moved, adopt them with connections: ['${connection}@${broker}']`
  );
}

export function describeSharer({ connection, broker, publishedAgoMs }: SharedTables): string {
  return (
    `the tables have two owners: a connection that is called ${connection}, too, published for the broker ${broker} ` +
    `${Math.round(publishedAgoMs / 1000)} s ago. If that is another application, give each its own tables (tables.prefix); if the ` +
    `broker has moved, adopt what is left with connections: ['${connection}@${broker}']`
  );
}
