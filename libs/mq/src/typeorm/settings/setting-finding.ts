/** Something about the database, or about a connection to it, that messages would suffer from. */
export interface SettingFinding {
  /** `refuse`: the application must not start. `warn`: it works, with a weakness that somebody should know of. */
  readonly weight: 'refuse' | 'warn';
  /** What is set, what comes of it, and what to write instead. */
  readonly sentence: string;
}

export const refuse = (sentence: string): SettingFinding => ({ weight: 'refuse', sentence });
export const warn = (sentence: string): SettingFinding => ({ weight: 'warn', sentence });
