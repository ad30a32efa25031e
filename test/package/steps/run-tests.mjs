import { stripVTControlCharacters } from 'node:util';
import { run } from '../support/run.mjs';

/** The template's own `npm test`, which has to have found the spec that imports the library. */
export async function runTests(cwd, env) {
  const output = await run('npm', ['test'], { cwd, env: { ...env, CI: 'true' } });
  const lines = stripVTControlCharacters(output).split('\n');
  if (!lines.some((line) => line.includes('orders/orders.spec.ts'))) {
    throw new Error(`npm test did not run orders.spec.ts:\n${output}`);
  }
  console.log(`          ${lines.find((line) => /^\s*Tests:?\s/.test(line))?.trim()}`);
}
