import { registerAs } from '@nestjs/config';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { Environment } from './environment.js';

/** For injection: `@Inject(shopConfig.KEY) config: Environment`. */
export const shopConfig = registerAs('shop', () => readEnvironment(process.env));

/** Its message is all that the operator needs, so it is printed without a stack. */
export class EnvironmentError extends Error {}

/** @throws {EnvironmentError} with everything that is wrong, at once */
export function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  // An empty variable is one that is not set.
  const set = Object.entries(variables).filter(([, value]) => value !== '');
  const environment = plainToInstance(Environment, Object.fromEntries(set));
  const problems = validateSync(environment, { whitelist: true }).flatMap(({ constraints }) =>
    Object.values(constraints ?? {}),
  );
  if (problems.length === 0) return environment;
  throw new EnvironmentError(['The shop cannot start:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
}
