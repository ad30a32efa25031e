/** A setting of the database, or of a connection to it, that damages messages or weakens a guarantee. */
export interface SettingProblem {
  /** `refuse`: the application must not start. `warn`: it works, with a weakness that somebody should know of. */
  readonly severity: 'refuse' | 'warn';
  /** What is set, and what comes of it. */
  readonly what: string;
  /** What to write instead. */
  readonly todo: string;
  /** Both. */
  readonly sentence: string;
}

export const refuse = (what: string, todo: string): SettingProblem => problem('refuse', what, todo);
export const warn = (what: string, todo: string): SettingProblem => problem('warn', what, todo);

function problem(severity: SettingProblem['severity'], what: string, todo: string): SettingProblem {
  return { severity, what, todo, sentence: `${what}: ${todo}` };
}
