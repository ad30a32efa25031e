import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { debianMirror, downloadPackages } from './debian-packages.mjs';
import { run } from './run.mjs';

/** Debian's releases carry MariaDB alone; MySQL is in the suite where they are made. */
const SUITE = 'unstable';
const PACKAGE = 'mysql-server-core';
/** Not below node_modules: `npm ci` would throw it away. */
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nestjs-reliable-mq', 'mysql');
const SERVER = process.env.MQ_TEST_MYSQL_CACHE || join(CACHE, 'server');
/** Of the packages that it depends on: nothing that the server itself loads, and half of what there is to unpack. */
const NOT_NEEDED = /^(lib)?perl|^gcc-|gconv-modules/;

/** Said wherever MySQL cannot be had. */
export const MYSQL_NEEDS =
  'Start one on 127.0.0.1:3306, or set MQ_TEST_MYSQL_URL; on Debian with dpkg and apt-get the tests fetch one';

/**
 * What runs a program of another Debian on this one: its own loader, with its own libraries.
 *
 * @param {string} server
 * @param {string[]} args
 * @returns {string[]}
 */
export function mysqldCommand(server, args) {
  return [
    join(server, 'ld.so'),
    '--library-path',
    join(server, 'lib'),
    join(server, 'mysqld'),
    ...ownFolders(server),
    ...args,
  ];
}

/** The version of the server in the cache; `null` if there is none. */
export function cachedMysqlVersion() {
  return existsSync(SERVER) ? readFileSync(join(SERVER, 'version'), 'utf8') : null;
}

/** Whether {@link fetchMysql} has a place to ask. */
export function canFetchMysql() {
  const programs = ['apt-get', 'dpkg'];
  return programs.every((program) => spawnSync(program, ['--version']).status === 0) && debianMirror() !== null;
}

/**
 * A folder with a MySQL server, its libraries and an empty data directory to copy, fetched from Debian's unstable the
 * first time. Nothing is installed: the packages are unpacked below the user's cache, and no configuration of this
 * machine is touched.
 *
 * Any number of processes may ask at once: each that finds nothing fetches into a folder of its own, and one rename wins.
 *
 * @param {{ log?: (line: string) => void }} [options]
 */
export async function fetchMysql({ log = (line) => process.stderr.write(`${line}\n`) } = {}) {
  if (existsSync(SERVER)) return SERVER;
  if (!canFetchMysql()) throw new Error(`MySQL cannot be fetched here. ${MYSQL_NEEDS}`);
  log(`fetching MySQL from Debian's ${SUITE}, about 60 MB, once`);
  await mkdir(dirname(SERVER), { recursive: true });
  const work = await mkdtemp(`${SERVER}.fetching-`);
  try {
    const unpacked = join(work, 'unpacked');
    for (const file of await downloadPackages(work, SUITE, PACKAGE)) {
      if (!NOT_NEEDED.test(basename(file))) await run('dpkg', ['-x', file, unpacked]);
    }
    const server = join(work, 'server');
    await pick(unpacked, server);
    await initialize(server);
    await rename(server, SERVER).catch((error) => {
      if (!existsSync(SERVER)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  log(`MySQL ${cachedMysqlVersion()}`);
  return SERVER;
}

/**
 * The server, what it is linked with, and its messages: 150 MB less than what the packages bring.
 *
 * @param {string} unpacked
 * @param {string} server
 */
async function pick(unpacked, server) {
  const files = await readdir(unpacked, { recursive: true });
  /** @param {RegExp} pattern */
  const find = (pattern) => {
    const file = files.find((one) => pattern.test(one));
    if (file === undefined) throw new Error(`the packages of MySQL have nothing like ${pattern}`);
    return join(unpacked, file);
  };
  const loader = find(/(^|\/)lib\/[^/]+\/ld-linux[^/]*\.so\.\d+$/);
  const mysqld = find(/(^|\/)sbin\/mysqld$/);
  await mkdir(join(server, 'lib'), { recursive: true });
  const listed = await run(loader, ['--library-path', dirname(loader), '--list', mysqld]);
  for (const [, library] of listed.matchAll(/=> (\/\S+)/g)) {
    await copyFile(library, join(server, 'lib', basename(library)));
  }
  await copyFile(loader, join(server, 'ld.so'));
  await copyFile(mysqld, join(server, 'mysqld'));
  await rename(find(/(^|\/)share\/mysql$/), join(server, 'share'));
}

/** @param {string} server */
async function initialize(server) {
  const [program, ...args] = mysqldCommand(server, [
    '--initialize-insecure',
    `--datadir=${join(server, 'data')}`,
    '--innodb-redo-log-capacity=32M',
  ]);
  await run(program, args);
  const version = await run(program, ['--library-path', join(server, 'lib'), join(server, 'mysqld'), '--version']);
  await writeFile(join(server, 'version'), /Ver (\d+\.\d+\.\d+)/.exec(version)?.[1] ?? 'unknown');
}

/** @param {string} server */
function ownFolders(server) {
  const share = join(server, 'share');
  return [
    '--no-defaults',
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    `--basedir=${server}`,
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${join(share, 'charsets')}`,
    '--secure-file-priv=NULL',
    // Nothing of this has to outlast the machine, and asynchronous I/O is not allowed everywhere.
    '--innodb-flush-method=nosync',
    '--innodb-use-native-aio=OFF',
  ];
}
