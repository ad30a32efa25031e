/**
 * Which processes use a set of tables. Time is the database's: when a node was seen, and whether that is too long ago, is
 * decided in the statements.
 */
export interface NodeStore {
  /**
   * Writes the node's row, in one statement, and answers {@link PauseStore.list}'s `version` for its connection as that
   * statement saw it. `now` is asked when the connection to the database is there, so that no wait for one counts as a
   * difference of clocks.
   */
  beat(node: NodeBeat, now: () => number): Promise<number>;
  /** Deletes the node's row: it ends. */
  leave(id: string): Promise<void>;
  /** All nodes of these tables, of every connection, the oldest first. */
  list(): Promise<MqNode[]>;
  /** Deletes the rows of nodes that were not seen for this long. Answers how many. */
  prune(notSeenForMs: number): Promise<number>;
}

/** What a node writes about itself. */
export interface NodeBeat {
  readonly id: string;
  readonly connection: string;
  readonly instance: string;
  readonly version: string;
  readonly roles: readonly NodeRole[];
  readonly state: NodeState;
}

export type NodeRole = 'publish' | 'relay' | 'worker';

/** One connection of one process, as it wrote about itself last. */
export interface MqNode {
  /** New at every start. */
  readonly id: string;
  readonly connection: string;
  /** `host:pid`. */
  readonly instance: string;
  /** Of this library. */
  readonly version: string;
  /** What of it runs. */
  readonly roles: readonly NodeRole[];
  readonly startedAt: Date;
  readonly seenAt: Date;
  /** This process's clock minus the database's, in milliseconds; the way to the database counts as difference. */
  readonly clockOffsetMs: number;
  /** Seen within 30 s, by the database's clock. */
  readonly alive: boolean;
  readonly state: NodeState;
}

/** What a node has in hand. Instants are ISO texts, on its own clock. No payloads. */
export interface NodeState {
  /** `identity` of its transport. */
  readonly broker: string;
  /** Whose rows it sends. */
  readonly owners: readonly { readonly connection: string; readonly broker: string }[];
  /** Topics that it knows: alias, and the name at the broker. */
  readonly topics: readonly { readonly alias: string; readonly topic: string }[];
  /** Circuits that are not closed. */
  readonly circuits: readonly NodeCircuit[];
  /** What it consumes: one for each topic and group. */
  readonly groups: readonly NodeGroup[];
  /** The longest that its event loop was held up since it wrote before. */
  readonly loopLagMs: number;
}

export interface NodeCircuit {
  /** `connection`, `topic …` (as the broker calls it) or `broker …`. */
  readonly scope: string;
  readonly since: string;
  readonly code: string;
  readonly message: string;
  /** 0 when a probe may go as soon as there is a message. */
  readonly nextProbeInMs: number;
}

export interface NodeGroup {
  /** Alias; `(dead letters)` for what the broker gave up. */
  readonly topic: string;
  readonly group: string;
  readonly groupId: string;
  /** Tags that the broker is asked for, `null` for all messages. */
  readonly tags: readonly string[] | null;
  readonly state: 'polling' | 'paused' | 'database' | 'full' | 'backing-off' | 'stopped';
  readonly concurrency: number;
  readonly inFlight: number;
  /** Why the last poll failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Messages whose handlers run, longest first, 20 at most. */
  readonly running: readonly { readonly messageId: string; readonly since: string }[];
  /** Failed messages that wait in memory for their next attempt, next first, 20 at most. */
  readonly held: readonly { readonly messageId: string; readonly until: string }[];
}
