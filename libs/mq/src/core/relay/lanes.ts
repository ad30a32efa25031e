import type { ResolvedOptions, RowOwner } from '../config/resolved-options.js';
import type { PauseBoard } from '../pauses/pause-board.js';
import type { Lane } from '../store/outbox-store.js';

/**
 * Lanes that this process sends: its topics, at its broker, published by its connection or by one that it adopts. Claims name
 * these, so that rows of a topic that it does not know, or of somebody else's broker, are not even looked at. Neither are those
 * of a topic that is paused: it keeps its lanes, and only none of them is named.
 */
export class Lanes {
  private readonly lanes: readonly Lane[];
  private readonly owners: readonly RowOwner[];
  private readonly known: ReadonlySet<string>;

  constructor(
    { owners, topics }: Pick<ResolvedOptions, 'owners' | 'topics'>,
    private readonly pauses: Pick<PauseBoard, 'isTopicPaused'>,
  ) {
    this.owners = owners;
    // Two aliases may stand for one topic.
    const names = new Set([...topics.values()].map(({ topic }) => topic));
    this.lanes = owners.flatMap((owner) => [...names].map((topic) => ({ ...owner, topic })));
    this.known = new Set(this.lanes.map(nameOf));
  }

  /** Whether this is the name of its own connection. */
  owns(connection: string): boolean {
    return this.owners[0]!.connection === connection;
  }

  /** Whether rows of this owner are sent here, its own or adopted. */
  adopts({ connection, broker }: RowOwner): boolean {
    return this.owners.some((owner) => owner.connection === connection && owner.broker === broker);
  }

  /** Those to claim from. */
  get all(): readonly Lane[] {
    return this.lanes.filter(({ topic }) => !this.pauses.isTopicPaused(topic));
  }

  of(topic: string): readonly Lane[] {
    return this.all.filter((lane) => lane.topic === topic);
  }

  except(topics: readonly string[]): readonly Lane[] {
    return topics.length === 0 ? this.all : this.all.filter((lane) => !topics.includes(lane.topic));
  }

  isPaused({ topic }: Pick<Lane, 'topic'>): boolean {
    return this.pauses.isTopicPaused(topic);
  }

  /** Paused or not. */
  has(row: Lane): boolean {
    return this.known.has(nameOf(row));
  }
}

function nameOf({ connection, broker, topic }: Lane): string {
  return JSON.stringify([connection, broker, topic]);
}
