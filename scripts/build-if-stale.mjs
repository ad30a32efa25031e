import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Not inside the projects' own output: that of the library is what gets published. */
const STAMPS = join(ROOT, 'dist', '.built');
const LOCK = join(STAMPS, 'lock');
const SHARED = ['tsconfig.json', 'nest-cli.json'];

/** In the order in which they depend on each other. */
const PROJECTS = [
  {
    name: 'mq',
    inputs: ['libs/mq'],
    output: 'libs/mq/dist/index.js',
    commands: ['npm run --silent prepare', 'npx nest build mq', 'npm run --silent build:cjs'],
  },
  {
    name: 'mq-emulator',
    inputs: ['libs/mq-emulator'],
    output: 'libs/mq-emulator/dist/main.js',
    commands: ['npx nest build mq-emulator'],
  },
  {
    name: 'shop',
    inputs: ['apps/shop', 'libs/mq'],
    output: 'dist/apps/shop/main.js',
    commands: ['npx nest build shop'],
  },
];

/**
 * Builds what is missing or older than its sources; any number of processes may call it at once, and one of them builds. Told
 * by contents and not by times, since a checkout of another branch gives old files new times.
 *
 * @param {(line: string) => void} [log]
 */
export async function buildIfStale(log = () => undefined) {
  if ((await staleProjects()).length === 0) return;
  await underLock(async () => {
    for (const { name, output, commands, digest } of await staleProjects()) {
      log(`building ${name}`);
      for (const command of commands) await build(name, command);
      await writeFile(join(STAMPS, name), await stampOf(output, digest));
    }
  });
}

/**
 * @param {string} name
 * @param {string} command
 */
async function build(name, command) {
  const [program, ...args] = command.split(' ');
  try {
    await run(program, args, { cwd: ROOT, shell: process.platform === 'win32' });
  } catch (error) {
    throw new Error(`${name} could not be built (${command}):\n${error.stdout ?? ''}${error.stderr ?? error.message}`, {
      cause: error,
    });
  }
}

async function staleProjects() {
  const projects = await Promise.all(
    PROJECTS.map(async (project) => {
      const digest = await digestOf(project.inputs);
      const stamp = await readFile(join(STAMPS, project.name), 'utf8').catch(() => '');
      return { ...project, digest, stale: stamp === '' || stamp !== (await stampOf(project.output, digest)) };
    }),
  );
  return projects.filter(({ stale }) => stale);
}

/**
 * The output's time is part of it: somebody else may have built since.
 *
 * @param {string} output
 * @param {string} digest
 */
async function stampOf(output, digest) {
  const file = join(ROOT, output);
  return existsSync(file) ? `${digest} ${(await stat(file)).mtimeMs}\n` : '';
}

/** @param {string[]} folders */
async function digestOf(folders) {
  const files = [...SHARED];
  for (const folder of folders) {
    for (const entry of await readdir(join(ROOT, folder)))
      if (entry.endsWith('.json')) files.push(`${folder}/${entry}`);
    for (const entry of await readdir(join(ROOT, folder, 'src'), { recursive: true })) {
      if (entry.endsWith('.ts') && !entry.endsWith('.spec.ts')) files.push(`${folder}/src/${entry}`);
    }
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(join(ROOT, file)));
  return hash.digest('hex');
}

/** @param {() => Promise<void>} work */
async function underLock(work) {
  await mkdir(STAMPS, { recursive: true });
  for (;;) {
    try {
      await writeFile(LOCK, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(LOCK, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) await rm(LOCK, { force: true });
    else await delay(200);
  }
  try {
    await work();
  } finally {
    await rm(LOCK, { force: true });
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildIfStale((line) => console.error(line)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
