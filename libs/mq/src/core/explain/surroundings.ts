import type { MqNode } from '../store/node-store.js';
import type { Evidence, LikeEvidence, PauseEvidence, RowEvidence } from '../store/evidence-store.js';

/** A group that reads a topic, as handlers of the asking process say. */
export interface KnownGroup {
  readonly topic: string;
  readonly group: string;
  readonly groupId: string;
  readonly inbox: boolean;
}

/** What the asking process is configured with. */
export interface Settings {
  readonly retention: { readonly sentMs: number | null; readonly inboxMs: number | null };
  /** Groups with handlers here, whether or not they run in this process. */
  readonly groups: readonly KnownGroup[];
  /** Short names of all configured groups, by their ids at the broker. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** A process publishes as soon as its first beat is written, which may be in the same moment. */
const CLOCK_TICK_MS = 1_000;

/** What stands around every message of one explanation. */
export class Surroundings {
  constructor(
    readonly evidence: Evidence,
    readonly settings: Settings,
  ) {}

  get now(): number {
    return this.evidence.now;
  }

  get aliveNodes(): readonly MqNode[] {
    return this.evidence.nodes.filter(({ alive }) => alive);
  }

  /**
   * The process of this name: the one that runs, else the last. One that began after `since` is another that has the same name, as
   * containers are called alike and have the same process id each time.
   */
  node(instance: string, since: number): MqNode | undefined {
    const named = this.evidence.nodes.filter(
      (node) => node.instance === instance && node.startedAt.getTime() <= since + CLOCK_TICK_MS,
    );
    return named.findLast(({ alive }) => alive) ?? named.at(-1);
  }

  pauseOf(target: string, connection: string): PauseEvidence | undefined {
    return this.evidence.pauses.find((pause) => pause.target === target && pause.connection === connection);
  }

  /** Processes that run and poll the outbox. */
  get relays(): readonly MqNode[] {
    return this.aliveNodes.filter(({ roles }) => roles.includes('relay'));
  }

  /** Those of them that can send this row. */
  claimers({ connection, broker, topic }: RowEvidence): readonly MqNode[] {
    return this.relays.filter(
      ({ state }) =>
        state.owners.some((owner) => owner.connection === connection && owner.broker === broker) &&
        state.topics.some((known) => known.topic === topic),
    );
  }

  like(which: Pick<LikeEvidence, 'direction' | 'topicAlias' | 'group' | 'code'>): LikeEvidence | undefined {
    return this.evidence.likes.find(
      (like) =>
        like.direction === which.direction &&
        like.topicAlias === which.topicAlias &&
        like.group === which.group &&
        like.code === which.code,
    );
  }
}
