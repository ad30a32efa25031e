import type { MqEventMap } from '../events/event-map.js';
import type { LaneState, OwnerState } from '../store/outbox-store.js';
import type { Lanes } from './lanes.js';
import type { RelayContext } from './relay-context.js';
import { Rounds } from './rounds.js';

const BETWEEN_LOOKS_MS = 60_000;
/** Rows of others are none of our business while somebody sends them; what has been due for this long, nobody does. */
const ORPHANED_AFTER_MS = 60_000;
/** Who has not published for this long may be gone. */
const RECENT_MS = 24 * 3_600_000;

export type Orphans = MqEventMap['rows.orphaned'];
type SharedTables = MqEventMap['tables.shared'];

/**
 * Looks for rows that no process claims: those of a connection that was renamed, of a topic that is configured no more, of a
 * broker that has moved. Claims name what their process can send, so nobody else would ever see them.
 *
 * At its first look it also tells whether the tables have two owners: a connection of the same name that publishes for
 * another broker is another application, which was given the same database.
 *
 * Each finding is told once, and again when it comes back after it was gone.
 */
export class OrphanWatch extends Rounds {
  protected override readonly startsAtOnce = true;
  private knowsSharers = false;
  private found: readonly Orphans[] = [];
  private others: readonly SharedTables[] = [];

  constructor(context: RelayContext) {
    super(context, 'orphans');
  }

  /** What the last look found. */
  get orphans(): readonly Orphans[] {
    return this.found;
  }

  get sharers(): readonly SharedTables[] {
    return this.others;
  }

  override stop(): Promise<void> {
    this.knowsSharers = false;
    return super.stop();
  }

  /** One look. Answers what nobody claims. */
  async look(): Promise<readonly Orphans[]> {
    const { store, lanes } = this.context;
    return orphansAmong(await store.unfinishedLanes(), lanes);
  }

  protected async round(signal: AbortSignal): Promise<void> {
    if (!this.knowsSharers) this.tellSharers(await this.findSharers());
    // A look that was still under way at a stop is none of the next start.
    this.knowsSharers = !signal.aborted;
    this.tellOrphans(await this.look());
  }

  protected pauseMs(): number {
    return BETWEEN_LOOKS_MS;
  }

  private async findSharers(): Promise<SharedTables[]> {
    const { store, lanes } = this.context;
    return sharersAmong(await store.recentOwners(), lanes);
  }

  private tellSharers(sharers: readonly SharedTables[]): void {
    this.others = sharers;
    for (const sharer of sharers) this.context.events.emit('tables.shared', sharer);
  }

  private tellOrphans(orphans: readonly Orphans[]): void {
    const known = new Set(this.found.map(nameOf));
    this.found = orphans;
    for (const orphan of orphans) if (!known.has(nameOf(orphan))) this.context.events.emit('rows.orphaned', orphan);
  }
}

/** What of these lanes nobody claims, as far as somebody knows who claims these. */
export function orphansAmong(unfinished: readonly LaneState[], lanes: Lanes): Orphans[] {
  return unfinished
    .filter((lane) => !lanes.has(lane) && !lane.paused && lane.dueInMs < -ORPHANED_AFTER_MS)
    .map(toOrphans);
}

/** Who of these publishes under a name of ours for a broker that is not ours. */
export function sharersAmong(owners: readonly OwnerState[], lanes: Lanes): SharedTables[] {
  return owners
    .filter(({ publishedAgoMs }) => publishedAgoMs < RECENT_MS)
    .filter((owner) => lanes.owns(owner.connection) && !lanes.adopts(owner))
    .map(({ connection, broker, publishedAgoMs }) => ({ connection, broker, publishedAgoMs }));
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
