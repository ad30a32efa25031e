/** What operators have done: who, when, why. */
export interface ActionStore {
  /** Writes down an action that is no transaction of the tables. Those of {@link AdminStore} and `PauseStore` write their own. */
  record(action: NewAction): Promise<void>;
  /** Newest first. */
  list(filter: ActionFilter): Promise<MqAction[]>;
  /** Deletes what was done longer ago than this. Answers how many rows. */
  prune(olderThanMs: number): Promise<number>;
}

export type ActionName = 'replay' | 'discard' | 'cancel' | 'reschedule' | 'pause' | 'resume' | 'prune' | 'send';

export interface NewAction {
  readonly connection: string;
  readonly action: ActionName;
  readonly actor: string;
  readonly reason: string;
  /** The topic, the group, or the id; of several ids how many there were, or what they were found by. */
  readonly target: string;
  /** `ids`: what was changed, as `find` gives them, or ids of messages; by these it is found. */
  readonly details?: { readonly ids?: readonly string[]; readonly [name: string]: unknown };
  /** How many messages, topics or groups were changed. */
  readonly affected: number;
}

/** The entry that calls about single messages share: for one bulk it is a few lines to read. Whoever writes it keeps in here what was committed. */
export interface SharedAction {
  written: { readonly rowId: string; readonly ids: readonly string[] } | null;
}

export interface ActionFilter {
  readonly messageId?: string;
  readonly action?: ActionName;
  readonly since?: Date;
  /** 100 unless set, 1,000 at most. */
  readonly limit?: number;
}

export interface MqAction {
  readonly id: string;
  readonly connection: string;
  readonly action: ActionName;
  readonly actor: string;
  readonly reason: string;
  readonly target: string;
  readonly details: Record<string, unknown>;
  readonly affected: number;
  readonly at: Date;
}
