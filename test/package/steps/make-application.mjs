import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { run } from '../support/run.mjs';
import { COMMON_PACKAGES } from '../templates.mjs';

const FIXTURES = fileURLToPath(new URL('../fixtures/orders', import.meta.url));

/** The template as `nest new` makes it, with the library installed and one module added, as its user would do. */
export async function makeApplication(folder, template, tarball) {
  await run('npm', nestNew(template), { cwd: folder });
  const cwd = join(folder, template.name);
  const packages = [...template.install, ...COMMON_PACKAGES, tarball];
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

function nestNew({ cli, name }) {
  const options = ['--skip-install', '--skip-git', '--package-manager', 'npm'];
  return ['exec', '--yes', `--package=${cli}`, '--', 'nest', 'new', name, ...options];
}

async function rewriteImports(file, extension) {
  const source = await readFile(file, 'utf8');
  await writeFile(file, source.replaceAll(/(from '\.\/[^']+?)\.js'/g, `$1${extension}'`));
}

async function replace(file, replacements) {
  let source = await readFile(file, 'utf8');
  for (const [from, to] of replacements) {
    const replaced = source.replace(from, to);
    if (replaced === source) throw new Error(`${file} has no ${from}: the template has changed`);
    source = replaced;
  }
  await writeFile(file, source);
}
