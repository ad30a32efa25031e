/** The environment is not fit to start with. Its message is all that the operator needs, so it is printed without a stack. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(problems: readonly string[]) {
    super(`The shop cannot start:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}
