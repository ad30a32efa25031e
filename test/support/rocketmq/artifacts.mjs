import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The version that is tested against, unless `MQ_TEST_ROCKETMQ_VERSION` names another one. */
export const ROCKETMQ_VERSION = process.env.MQ_TEST_ROCKETMQ_VERSION || '5.5.0';

/** Said wherever RocketMQ cannot be had. */
export const ROCKETMQ_NEEDS = 'Install a JDK (11 or newer) and Maven, or set MQ_TEST_ROCKETMQ_ENDPOINT';

/** Not below node_modules: `npm ci` would throw it away. */
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nestjs-reliable-mq', 'rocketmq');
/** Named with its version: an unversioned call takes whatever the installed Maven is bound to, which is 2.8 on Debian. */
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

/** Whether the jars of a version are on this machine. */
export function hasArtifacts(version = ROCKETMQ_VERSION) {
  return existsSync(libraryFolder(version));
}

/** The programs without which RocketMQ cannot be had here. Maven has nothing to do once the jars are here. */
export function missingPrograms(version = ROCKETMQ_VERSION) {
  const needed = hasArtifacts(version) ? ['java'] : ['java', 'mvn'];
  return needed.filter((program) => spawnSync(program, ['-version'], { stdio: 'ignore' }).status !== 0);
}

/**
 * The folder with RocketMQ's jars and all they need, fetched through Maven the first time. There is no server jar with
 * everything in it on Maven Central, and the distribution is not there at all; the proxy brings the broker, the name
 * server brings the tools.
 *
 * Any number of processes may ask at once: each that finds nothing fetches into a folder of its own, and one rename wins.
 *
 * @param {{ version?: string, log?: (line: string) => void }} [options]
 */
export async function fetchArtifacts({ version = ROCKETMQ_VERSION, log = toStderr } = {}) {
  const folder = libraryFolder(version);
  if (existsSync(folder)) return folder;
  const missing = missingPrograms(version);
  if (missing.length > 0) {
    throw new Error(`RocketMQ ${version} cannot be fetched without ${missing.join(' and ')}. ${ROCKETMQ_NEEDS}`);
  }
  log(`fetching RocketMQ ${version} from Maven Central, about 100 MB, once`);
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}.fetching-`);
  try {
    await writeFile(join(work, 'pom.xml'), pom(version));
    await maven(work, version);
    await rename(join(work, 'lib'), folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  log(`RocketMQ ${version}: ${(await readdir(folder)).length} jars`);
  return folder;
}

/** @param {string} version */
function libraryFolder(version) {
  return join(process.env.MQ_TEST_ROCKETMQ_CACHE || CACHE, version);
}

/**
 * @param {string} work
 * @param {string} version
 */
async function maven(work, version) {
  /** @type {Buffer[]} */
  const output = [];
  const child = spawn(
    'mvn',
    ['-q', '-B', COPY_DEPENDENCIES, '-DincludeScope=runtime', `-DoutputDirectory=${join(work, 'lib')}`],
    { cwd: work, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code === 0) return;
  throw new Error(
    `Maven could not fetch RocketMQ ${version} (exit ${code}). Is Maven Central, or the mirror in your settings.xml, within reach?\n` +
      Buffer.concat(output).toString().trim().split('\n').slice(0, 15).join('\n'),
  );
}

/** @param {string} version */
function pom(version) {
  /** @param {string} name */
  const dependency = (name) =>
    `<dependency><groupId>org.apache.rocketmq</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId><artifactId>rocketmq</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('rocketmq-proxy')}
    ${dependency('rocketmq-namesrv')}
  </dependencies>
</project>
`;
}

/** @param {string} line */
function toStderr(line) {
  process.stderr.write(`${line}\n`);
}
