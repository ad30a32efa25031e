// Runs before `npm pack` and `npm publish` of the library: its readers look for README and LICENSE inside the package,
// and a package without its CommonJS half fails only at its users'.
import { access, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const library = join(root, 'libs/mq');

for (const built of ['dist/index.js', 'dist/cjs/index.js', 'dist/cjs/package.json']) {
  await access(join(library, built)).catch(() => {
    throw new Error(`libs/mq/${built} is missing. Run \`npm run build\` first.`);
  });
}
await copyFile(join(root, 'README.md'), join(library, 'README.md'));
await copyFile(join(root, 'LICENSE'), join(library, 'LICENSE'));
