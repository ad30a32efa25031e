import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { run } from '../support/run.mjs';
import { peersAt } from '../peers.mjs';

const FIXTURES = fileURLToPath(new URL('../fixtures/orders', import.meta.url));

/** One of them would take over the transactions of the others. Bundles are made with each alone. */
const TRANSACTION_LIBRARIES = ['@nestjs-cls/transactional', 'typeorm-transactional'];

/** What applications declare the schemas of their topics with; any library that follows Standard Schema would do. */
const SCHEMAS = 'zod@4';

/**
 * The template as `nest new` makes it, with the library installed and one module added, as its user would do.
 *
 * @param {string} folder
 * @param {import('../templates.mjs').Template} template
 * @param {string} tarball
 */
export async function makeApplication(folder, template, tarball) {
  await run('npm', nestNew(template), { cwd: folder });
  const cwd = join(folder, template.name);
  const packages = [...peersAt(template.peers, TRANSACTION_LIBRARIES), SCHEMAS, tarball];
  await run('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', ...packages], {
    cwd,
    timeoutMs: 600_000,
  });

  const orders = join(cwd, 'src/orders');
  await cp(FIXTURES, orders, { recursive: true });
  for (const file of await readdir(orders)) await rewriteImports(join(orders, file), template.extension);

  await replace(join(cwd, 'src/app.module.ts'), [
    ['imports: []', 'imports: [OrdersModule]'],
    [/^/, `import { OrdersModule } from './orders/orders.module${template.extension}';\n`],
  ]);
  return cwd;
}

/** @param {{ cli: string, name: string }} options */
function nestNew({ cli, name }) {
  const options = ['--skip-install', '--skip-git', '--package-manager', 'npm'];
  return ['exec', '--yes', `--package=${cli}`, '--', 'nest', 'new', name, ...options];
}

/**
 * @param {string} file
 * @param {string} extension
 */
async function rewriteImports(file, extension) {
  const source = await readFile(file, 'utf8');
  await writeFile(file, source.replaceAll(/(from '\.\/[^']+?)\.js'/g, `$1${extension}'`));
}

/**
 * @param {string} file
 * @param {[from: string | RegExp, to: string][]} replacements
 */
async function replace(file, replacements) {
  let source = await readFile(file, 'utf8');
  for (const [from, to] of replacements) {
    const replaced = source.replace(from, to);
    if (replaced === source) throw new Error(`${file} has no ${from}: the template has changed`);
    source = replaced;
  }
  await writeFile(file, source);
}
