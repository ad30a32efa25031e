import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';
import { useTestDatabase } from '../support/database.js';
import { Program } from '../support/program.js';

const MODULES = realpathSync(join(__dirname, '..', '..', 'node_modules'));
const db = useTestDatabase();
const folders: string[] = [];

/** An application in a folder below the workspace, with copies of these packages; everything else is the workspace's. */
async function start(packages: readonly string[], dataSource = ''): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(MODULES, '.two-copies-'));
  folders.push(folder);
  for (const name of packages) {
    cpSync(join(MODULES, name), join(folder, 'node_modules', name), {
      recursive: true,
      filter: (file) => !/\.(map|d\.[cm]?ts)$/.test(file) && !file.endsWith(join('typeorm', 'browser')),
    });
  }
  const program = join(folder, 'app.mjs');
  cpSync(join(__dirname, 'support', 'two-copies-program.mjs'), program);
  const { stdout, output } = await Program.run(program, {
    env: { DATABASE_URL: db.url, ...(dataSource && { DATA_SOURCE: dataSource }) },
  });
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    throw new Error(output);
  }
}

const bothOf = (name: string): unknown =>
  expect.arrayContaining([expect.stringContaining(join('.two-copies-')), join(MODULES, name)]);

describe('packages that are installed twice', () => {
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

  it.each([
    ['TypeORM, with its default data source', ['typeorm', '@nestjs/typeorm'], '', ['typeorm', '@nestjs/typeorm']],
    ['TypeORM, with a data source that has a name', ['typeorm', '@nestjs/typeorm'], 'shop', ['typeorm']],
    ["Nest's module for TypeORM", ['@nestjs/typeorm'], '', ['@nestjs/typeorm']],
    ['Nest itself', ['@nestjs/core', '@nestjs/typeorm'], '', ['@nestjs/core']],
  ])('are named at boot, with both folders: %s', async (_which, copied, dataSource, named) => {
    const failure = await start(copied, dataSource);
    expect(failure).toMatchObject({ code: 'MQ_DUPLICATE_PACKAGE', details: { packages: named } });
    for (const name of named) expect(failure.details).toMatchObject({ copies: bothOf(name) });
    expect(failure.message).toContain('pnpm dedupe');
  });

  it('are not suspected where there is one copy of each', async () => {
    expect(await start([])).toEqual({ code: 'STARTED' });
  });
});
