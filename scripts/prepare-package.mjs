// Before and after `npm pack` and `npm publish` of the library. Before: copies into its folder what stands elsewhere in the
// repository and belongs into the package, because npm packs nothing from above that folder. After (`--clean`): removes the
// copies, so that nobody reads or edits one instead of the original.
import { access, cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const library = join(root, 'libs/mq');

/** Without one of these the package fails only at its users'. */
const BUILT = [
  'libs/mq/dist/index.js',
  'libs/mq/dist/cjs/index.js',
  'libs/mq/dist/cjs/package.json',
  'libs/mq-emulator/dist/main.js',
];

/** From the root of the repository into the package. The links of the pages lead to each other in both places. */
const COPIES = {
  ...Object.fromEntries((await readdir(root)).filter(isReadme).map((name) => [name, name])),
  LICENSE: 'LICENSE',
  'CHANGELOG.md': 'CHANGELOG.md',
  docs: 'docs',
  monitoring: 'monitoring',
  // Node built-ins are all that it uses, so it runs from anywhere.
  'libs/mq-emulator/dist': 'dist/emulator',
};

/**
 * One for each language.
 *
 * @param {string} name
 */
function isReadme(name) {
  return /^README(\.[\w-]+)?\.md$/.test(name);
}

async function clean() {
  for (const to of Object.values(COPIES)) await rm(join(library, to), { recursive: true, force: true });
}

await clean();
if (!process.argv.includes('--clean')) {
  for (const file of BUILT) {
    await access(join(root, file)).catch(() => {
      throw new Error(`${file} is missing. Run \`npm run build\` first.`);
    });
  }
  for (const [from, to] of Object.entries(COPIES)) {
    // Types of the emulator are for this repository.
    const filter = (/** @type {string} */ path) => !path.endsWith('.d.ts');
    await cp(join(root, from), join(library, to), { recursive: true, filter });
  }
}
