import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../support/run.mjs';

/** How applications resolve packages: the templates of today, those before them, and bundlers. */
const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  'node16, CommonJS': { module: 'node16', moduleResolution: 'node16' },
  'node10, which knows no `exports`': {
    module: 'commonjs',
    moduleResolution: 'node10',
    resolvePackageJsonExports: null,
  },
  bundler: { module: 'es2022', moduleResolution: 'bundler' },
};

/** Compiles an application's sources as each kind of application would. */
export async function checkTypes(cwd) {
  const config = join(cwd, 'tsconfig.resolution.json');
  for (const [name, resolution] of Object.entries(RESOLUTIONS)) {
    const compilerOptions = { ...resolution, noEmit: true, incremental: false };
    await writeFile(config, JSON.stringify({ extends: './tsconfig.json', compilerOptions, include: ['src'] }));
    await run('npx', ['tsc', '-p', config], { cwd });
    console.log(`          types found with ${name}`);
  }
}
