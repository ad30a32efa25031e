/** What a doctor can find, each with what it is about. The reference has a row for each. */
export const DOCTOR_CODES = [
  // The configuration.
  'pool-too-small',
  'retention-below-redelivery',
  'lease-too-long',
  'settle-within-too-short',
  'transport-insecure',
  // The database.
  'database-unreachable',
  'database-settings',
  'database-caution',
  'entities-missing',
  'clock-offset',
  'transaction-left-open',
  // The tables.
  'tables-missing',
  'tables-outdated',
  'tables-foreign',
  'column-missing',
  'column-foreign',
  'column-type',
  'column-collation',
  'index-missing',
  'index-differs',
  'constraint-missing',
  'constraint-not-enforced',
  'order-stripes-incomplete',
  'plan-without-index',
  // What is in the tables.
  'rows-invisible',
  'rows-overdue',
  'rows-orphaned',
  'tables-shared',
  'keys-blocked',
  'prune-behind',
  'dead-rows',
  // The broker.
  'broker-unreachable',
  'broker-refuses',
  'topic-missing',
  'topic-forbidden',
  'topic-type',
  'group-missing',
  'group-forbidden',
  'group-not-ordered',
  'group-gives-up-early',
  // The processes.
  'no-relay',
  'group-without-consumer',
  'node-clock-offset',
] as const;

export type DoctorCode = (typeof DOCTOR_CODES)[number];

/** One thing that is wrong. */
export interface DoctorFinding {
  /** Stable; `docs/reference/doctor.md` says more of each. */
  readonly code: DoctorCode;
  /** `error`: messages are lost, doubled, refused or stuck, now or when it comes to it. `warning`: it works, and something of it is weak. */
  readonly severity: 'error' | 'warning';
  /** One sentence: what is wrong, and what comes of it. */
  readonly what: string;
  /** What was seen: figures and names. */
  readonly evidence: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
  /** The line that mends it: SQL, an option, a command. */
  readonly todo: string;
}

export interface DoctorReport {
  readonly connection: string;
  /** Whether nothing was found. What was not checked may still be wrong. */
  readonly healthy: boolean;
  /** Errors first. */
  readonly findings: readonly DoctorFinding[];
  /** Checks that ran to their end. */
  readonly checked: readonly string[];
  /** What nobody looked at, and why: what the database or the broker does not tell, what was away, what took too long. */
  readonly notChecked: readonly { readonly check: string; readonly why: string }[];
}
