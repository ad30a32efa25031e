/** What keeps a process from being `up`, each thing once. */
export interface HealthCause {
  /** Stable, for programs: `broker`, `database`, `handler-stuck`, … */
  readonly code: string;
  /** One sentence: what it is and what to do. */
  readonly text: string;
  /** `down`: this process cannot do its work. `degraded`: it ends by itself, or is another system's fault. */
  readonly severity: 'down' | 'degraded';
  readonly since?: Date;
  /** Messages that wait because of it; 1,000 of a topic stands for that many or more. */
  readonly waiting?: number;
}
