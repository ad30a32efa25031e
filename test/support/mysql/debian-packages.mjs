import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.mjs';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Packages for a server that nobody installs: no pins and no sources of this machine have a say in which. */
const NO_PREFERENCES = ['-o', 'Dir::Etc::preferences=-', '-o', 'Dir::Etc::preferencesparts=-'];
const TIMEOUT_MS = 240_000;

/** Where this machine gets its Debian from, as its own configuration says; `null` if it is no Debian. */
export function debianMirror() {
  const codeName = debianRelease();
  if (!codeName) return null;
  const { stdout } = spawnSync('apt-get', ['update', '--print-uris', '-o', 'Debug::NoLocking=1'], { encoding: 'utf8' });
  return new RegExp(`^'(\\S+?)/dists/${codeName}/`, 'm').exec(stdout ?? '')?.[1] ?? null;
}

/**
 * Downloads a package of another suite with everything that it depends on, as if nothing were installed. All of apt's
 * own files are kept in `folder`, so that the configuration and the lists of this machine stay as they are, and no
 * privileges are needed.
 *
 * @returns {Promise<string[]>} the files
 * @param {string} folder
 * @param {string} suite
 * @param {string} name
 */
export async function downloadPackages(folder, suite, name) {
  const given = await updatedLists(folder, suite);
  await run('apt-get', [...given, '-q', '-y', '--download-only', 'install', name], { timeout: TIMEOUT_MS });
  return packagesIn(join(folder, 'archives'));
}

/**
 * The same for a package that needs nothing of what it depends on.
 *
 * @returns {Promise<string>} the file
 * @param {string} folder
 * @param {string} suite
 * @param {string} name
 */
export async function downloadPackage(folder, suite, name) {
  const given = await updatedLists(folder, suite);
  await run('apt-get', [...given, '-q', 'download', name], { timeout: TIMEOUT_MS, cwd: folder });
  const [file] = await packagesIn(folder);
  if (file === undefined) throw new Error(`apt-get has downloaded no package ${name}`);
  return file;
}

/** The code name of this Debian; `undefined` if it is none, or has no name. */
export function debianRelease() {
  const release = readRelease();
  return release.ID === 'debian' ? release.VERSION_CODENAME : undefined;
}

/** @param {string} folder */
async function packagesIn(folder) {
  return (await readdir(folder)).filter((file) => file.endsWith('.deb')).map((file) => join(folder, file));
}

/**
 * Options with which apt keeps everything of its own in `folder`, once it knows there what the suite has.
 *
 * @param {string} folder
 * @param {string} suite
 */
async function updatedLists(folder, suite) {
  const archives = join(folder, 'archives');
  for (const one of ['lists/partial', 'archives/partial', 'cache']) {
    await mkdir(join(folder, one), { recursive: true });
  }
  const signedBy = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
  await writeFile(join(folder, 'sources.list'), `deb ${signedBy}${debianMirror()} ${suite} main\n`);
  await writeFile(join(folder, 'status'), '');
  const options = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::State::extended_states': join(folder, 'extended_states'),
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Cache::archives': archives,
    'Dir::Log': folder,
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': '',
    'Acquire::Retries': '2',
  };
  const given = [...NO_PREFERENCES, ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])];
  await run('apt-get', [...given, '-q', 'update'], { timeout: TIMEOUT_MS });
  return given;
}

function readRelease() {
  try {
    const lines = readFileSync('/etc/os-release', 'utf8').matchAll(/^(\w+)="?([^"\n]*)"?$/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
  } catch {
    return {};
  }
}
