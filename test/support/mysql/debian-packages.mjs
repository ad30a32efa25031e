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
  const release = readRelease();
  if (release.ID !== 'debian' || !release.VERSION_CODENAME) return null;
  const { stdout } = spawnSync('apt-get', ['update', '--print-uris', '-o', 'Debug::NoLocking=1'], { encoding: 'utf8' });
  return new RegExp(`^'(\\S+?)/dists/${release.VERSION_CODENAME}/`, 'm').exec(stdout ?? '')?.[1] ?? null;
}

/**
 * Downloads a package of another suite with everything that it depends on, as if nothing were installed. All of apt's
 * own files are kept in `folder`, so that the configuration and the lists of this machine stay as they are, and no
 * privileges are needed.
 *
 * @returns {Promise<string[]>} the files
 */
export async function downloadPackages(folder, suite, name) {
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
  await run('apt-get', [...given, '-q', '-y', '--download-only', 'install', name], { timeout: TIMEOUT_MS });
  const files = await readdir(archives);
  return files.filter((file) => file.endsWith('.deb')).map((file) => join(archives, file));
}

function readRelease() {
  try {
    const lines = readFileSync('/etc/os-release', 'utf8').matchAll(/^(\w+)="?([^"\n]*)"?$/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
  } catch {
    return {};
  }
}
