import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../support/run.mjs';

/** An application's own, for its own use: versions that no transport of the library works with. */
const OTHERS = ['@grpc/grpc-js@1.6.12', '@grpc/proto-loader@0.6.13'];

/**
 * npm takes even an optional peer of another version for a conflict, and would install nothing.
 *
 * @param {string} folder
 * @param {string} tarball
 */
export async function checkOtherVersions(folder, tarball) {
  const cwd = join(folder, 'other-versions');
  await mkdir(cwd);
  await writeFile(join(cwd, 'package.json'), '{ "private": true }');
  /** @param {string[]} packages */
  const install = (packages) =>
    run('npm', ['install', '--package-lock-only', '--no-audit', '--no-fund', ...packages], { cwd });
  await install(OTHERS);
  await install([
    '@nestjs/common@12',
    '@nestjs/core@12',
    '@nestjs/typeorm@12',
    'typeorm@1',
    'reflect-metadata@0.2',
    tarball,
  ]);
}
