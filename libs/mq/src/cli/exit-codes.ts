/** How every command of the package ends. docs/reference/cli.md explains them to its users. */
export const EXIT = {
  /** Done, or a planned stop. */
  ok: 0,
  unexpected: 1,
  /** A check failed: a limit is exceeded, something is wrong with what was looked at. */
  checkFailed: 2,
  /** Wrong usage, or wrong configuration. */
  usage: 3,
  /** A bulk operation failed in part. */
  partly: 4,
  /** The process grew over its limit of memory; a supervisor starts it again. */
  memory: 12,
} as const;

/** Ended by a signal, as shells count it: 130 for SIGINT, 143 for SIGTERM. */
export const EXIT_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

export type EndingSignal = keyof typeof EXIT_BY_SIGNAL;
