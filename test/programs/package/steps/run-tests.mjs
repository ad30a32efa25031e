import { stripVTControlCharacters } from 'node:util';
import { run } from '../support/run.mjs';

/**
 * The template's own `npm test`, which has to have found the specs that import the library.
 *
 * @param {string} cwd
 * @param {import('../support/run.mjs').Environment} env
 */
export async function runTests(cwd, env) {
  const output = await run('npm', ['test'], { cwd, env: { ...env, CI: 'true' } });
  const lines = stripVTControlCharacters(output).split('\n');
  for (const spec of ['orders.spec.ts', 'testing-kit.spec.ts', 'bridges.spec.ts', 'typed-batches.spec.ts']) {
    if (!lines.some((line) => line.includes(`orders/${spec}`)))
      throw new Error(`npm test did not run ${spec}:\n${output}`);
  }
  console.log(`          ${lines.find((line) => /^\s*Tests:?\s/.test(line))?.trim()}`);
}
