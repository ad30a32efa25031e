#!/usr/bin/env node
// The package as a program. Plain JavaScript, because the sources are built twice and use no `import.meta`; without it, the
// emulator beside them is not found. It is copied into the package when that is packed (scripts/prepare-package.mjs).
import { findApp } from './find-app.mjs';

/** @param {string} file */
const built = (file) => new URL(`../dist/${file}`, import.meta.url).href;
const argv = process.argv.slice(2);

if (argv[0] === 'emulator') {
  // Before anything else is loaded: it needs nothing but Node.
  const emulator = await loadEmulator();
  if (emulator) await emulator.runEmulator(argv.slice(1));
} else {
  const { runProgram } = await import(built('cli/program/run-program.js'));
  await runProgram({ argv, findApp, isPackageProgram: true });
}

/** The packed library has a copy of it; in its repository it is a package of its own. */
async function loadEmulator() {
  const file = built('emulator/cli/run-emulator.js');
  try {
    return await import(file);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || error.url !== file) throw error;
    process.stderr.write(
      'mq: the emulator is not beside this build of the library. In the repository: npm run emulator\n',
    );
    process.exitCode = 3;
    return null;
  }
}
