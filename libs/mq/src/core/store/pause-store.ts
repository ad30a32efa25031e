/** What can be paused: a topic (nothing of it is sent) or a group (nothing is polled for it), by alias. */
export type PauseTarget = `topic:${string}` | `group:${string}`;

/**
 * Pauses that count for all processes of a connection. They end by themselves, by the database's clock, and outlast every
 * process.
 */
export interface PauseStore {
  /** Pauses, or changes the pause that is there. Recorded as an action, in the same transaction. */
  pause(request: PauseRequest): Promise<void>;
  /** Ends a pause. `false` when there is none; then nothing is recorded. */
  resume(request: ResumeRequest): Promise<boolean>;
  /** What is paused now, and what was. `version` grows with every change of one of them, and with nothing else. */
  list(connection: string): Promise<{ readonly version: number; readonly pauses: readonly PauseState[] }>;
}

export interface PauseRequest {
  readonly connection: string;
  readonly target: PauseTarget;
  /** What the broker calls the topic; `null` for a group. */
  readonly topic: string | null;
  /** `null`: until somebody resumes it. */
  readonly forMs: number | null;
  readonly reason: string;
  readonly actor: string;
}

export interface ResumeRequest {
  readonly connection: string;
  readonly target: PauseTarget;
  readonly reason: string;
  readonly actor: string;
}

/** Something that is paused. */
export interface MqPause {
  readonly connection: string;
  /** `topic:` or `group:` and the alias. */
  readonly target: string;
  readonly reason: string;
  readonly actor: string;
  readonly since: Date;
  /** When it ends by itself; `null` for never. */
  readonly until: Date | null;
}

export interface PauseState extends MqPause {
  /** What the broker calls the topic; `null` for a group. */
  readonly topic: string | null;
  readonly paused: boolean;
  /** Until it ends by itself, by the database's clock; `null` for never. */
  readonly leftMs: number | null;
}
