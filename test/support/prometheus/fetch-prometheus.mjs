import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { debianMirror, debianRelease, downloadPackage } from '../mysql/debian-packages.mjs';
import { run } from '../mysql/run.mjs';

export const PROMETHEUS_NEEDS =
  'the alerts and the dashboard in a real Prometheus. Install the package prometheus; on Debian with dpkg and apt-get the tests fetch it';

/** Not below node_modules: `npm ci` would throw it away. */
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nestjs-reliable-mq', 'prometheus');
const PROGRAMS = ['prometheus', 'promtool'];

/** The folder with both programs; `null` if they are neither installed nor in the cache. */
export function findPrometheus(path = process.env.PATH ?? '') {
  const folders = [...path.split(delimiter), join(CACHE, 'usr/bin')];
  return folders.find((folder) => PROGRAMS.every((program) => isExecutable(join(folder, program)))) ?? null;
}

/**
 * {@link findPrometheus}, fetched from Debian the first time. Nothing is installed, so no service of that name is started:
 * the package is unpacked below the user's cache. Its programs are linked statically, and nothing else is needed to run them.
 *
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<string | null>}
 */
export async function fetchPrometheus({ log = (line) => process.stderr.write(`${line}\n`) } = {}) {
  const found = findPrometheus();
  if (found || !canFetch()) return found;
  log('fetching Prometheus from Debian, about 20 MB, once');
  await mkdir(dirname(CACHE), { recursive: true });
  const work = await mkdtemp(`${CACHE}.fetching-`);
  try {
    const unpacked = join(work, 'unpacked');
    await run('dpkg', [
      '-x',
      await downloadPackage(work, /** @type {string} */ (debianRelease()), 'prometheus'),
      unpacked,
    ]);
    await rename(unpacked, CACHE).catch((error) => {
      if (!existsSync(CACHE)) throw error;
    });
  } catch (error) {
    log(`Prometheus could not be fetched: ${error.message.trim().split('\n').at(-1)}`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return findPrometheus();
}

function canFetch() {
  const programs = ['apt-get', 'dpkg'];
  return programs.every((program) => spawnSync(program, ['--version']).status === 0) && debianMirror() !== null;
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
