import type { EvidenceCode } from './evidence-codes.js';
import type { ExplainState } from './explain-states.js';

/** Where a message is, why, and what happens next, from what the tables say. */
export interface MqExplanation {
  readonly messageId: string;
  /** Stable: one of those of docs/reference/explain.md. */
  readonly state: ExplainState;
  /** The first says what the state means here, the others what it is concluded from. */
  readonly because: readonly MqReason[];
  /** `null` when nothing more will happen by itself. */
  readonly next: MqNext | null;
  /** What a person must do, when nothing else helps. */
  readonly todo?: string;
}

export interface MqReason {
  readonly code: ExplainState | EvidenceCode;
  /** One sentence. */
  readonly text: string;
  /** What it was read from. */
  readonly [evidence: string]: unknown;
}

export interface MqNext {
  /** By the database's clock; `null` when the tables cannot tell. */
  readonly at: Date | null;
  /** `relay`, `broker`, `group stock`, `operator`, or the name of a process. */
  readonly by: string;
  readonly what: string;
}

/** An explanation of one row, or of one group, before it is put together. */
export interface Verdict {
  readonly state: ExplainState;
  readonly because: readonly MqReason[];
  readonly next: MqNext | null;
  readonly todo?: string;
}
