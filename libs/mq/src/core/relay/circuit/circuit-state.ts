/** A circuit that is not closed. */
export interface CircuitState {
  /** As events name it: `connection`, `topic …`, `broker …`. */
  readonly scope: string;
  /** For how long. */
  readonly openMs: number;
  readonly code: string;
  readonly message: string;
  readonly nextProbeInMs: number;
}
