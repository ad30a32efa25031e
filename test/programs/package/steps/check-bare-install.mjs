import { cp, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { run } from '../support/run.mjs';

const FIXTURES = fileURLToPath(new URL('../fixtures/bare', import.meta.url));
const PEERS = [
  '@nestjs/common@12',
  '@nestjs/core@12',
  '@nestjs/typeorm@12',
  'typeorm@1',
  'reflect-metadata@0.2',
  'rxjs@7',
];

/**
 * Plain Node, both module systems, and none of the optional peers.
 *
 * @param {string} folder
 * @param {string} tarball
 */
export async function checkBareInstall(folder, tarball) {
  const cwd = join(folder, 'bare');
  await mkdir(cwd);
  await writeFile(join(cwd, 'package.json'), '{ "private": true }');
  await cp(FIXTURES, cwd, { recursive: true });
  await run('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', ...PEERS, tarball], { cwd });
  await run(process.execPath, ['check.mjs'], { cwd, timeoutMs: 60_000 });
  return cwd;
}
