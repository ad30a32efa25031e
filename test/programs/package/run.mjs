// `npm run test:package`: packs the library as it would be published, and uses it as its users do: in a bare Node
// project, bundled, and in the application templates of Nest 12 and Nest 11, with the newest and the oldest of every package
// that it promises to work beside. Installs from the registry, so it takes minutes and is not part of `npm test`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkBareInstall } from './steps/check-bare-install.mjs';
import { checkBundles } from './steps/check-bundles.mjs';
import { checkCommand, startEmulator } from './steps/check-command.mjs';
import { checkOtherVersions } from './steps/check-other-versions.mjs';
import { checkPages } from './steps/check-pages.mjs';
import { checkTypes } from './steps/check-types.mjs';
import { makeApplication } from './steps/make-application.mjs';
import { pack } from './steps/pack.mjs';
import { runTests } from './steps/run-tests.mjs';
import { tryApplication } from './steps/try-application.mjs';
import { step } from './support/progress.mjs';
import { killAll, run } from './support/run.mjs';
import { Servers } from './support/servers.mjs';
import { TEMPLATES } from './templates.mjs';
import { readOptions } from '../../../scripts/support/read-options.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const LIMIT_MS = 20 * 60_000;
const HELP = `Usage: npm run test:package -- [options]

  --only NAME   one of: bare, bundle, ${TEMPLATES.map(({ name }) => name).join(', ')}
  --keep        leave the folder with the applications, and say where it is
  --help        this text
`;

const { values: options } = readOptions({
  options: { only: { type: 'string' }, keep: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (options.help) {
  process.stdout.write(HELP);
} else {
  await main();
}

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'mq-package-'));
  /** @type {Servers | undefined} */
  let servers;
  const limit = setTimeout(() => {
    console.error(`not done after ${LIMIT_MS / 60_000} minutes`);
    process.exitCode = 1;
    killAll();
  }, LIMIT_MS);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      process.exitCode = 1;
      killAll();
    });
  }
  try {
    servers = await Servers.find();
    await checkPackage(folder, servers);
    console.log('the packed library works everywhere it says it does');
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    clearTimeout(limit);
    killAll();
    await servers?.end();
    if (options.keep) console.log(`kept: ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @param {Servers} servers
 */
async function checkPackage(folder, servers) {
  const tarball = await step('pack', () => pack(ROOT, folder));
  if (wanted('bare')) {
    const bare = await step('bare Node project, required peers only', () => checkBareInstall(folder, tarball));
    await step('its pages', () => checkPages(join(bare, 'node_modules/nestjs-reliable-mq')));
    await step('its command', () => checkCommand(bare));
    await step('beside other versions of what it does not need', () => checkOtherVersions(folder, tarball));
  }
  if (wanted('bundle')) {
    const database = () => servers.database('PostgreSQL');
    for (const end of /** @type {const} */ (['newest', 'oldest'])) {
      const title = `bundled with esbuild and the ${end} peers, run without node_modules`;
      await step(title, () => checkBundles(folder, tarball, database, end));
    }
  }
  const templates = TEMPLATES.filter(({ name }) => wanted(name));
  if (templates.length === 0) return;

  const broker = await step('RocketMQ', () => servers.rocketmq());
  for (const template of templates) {
    /** @param {string} what */
    const named = (what) => `${template.title}: ${what}`;
    const cwd = await step(named('nest new, npm install'), () => makeApplication(folder, template, tarball));
    await step(named('npm run build'), () => run('npm', ['run', 'build'], { cwd }));
    const emulator = await startEmulator(cwd);
    /** @param {string} label */
    const env = async (label) => ({
      DATABASE_URL: (await servers.database(label)).url,
      MQ_ENDPOINT: emulator.endpoint,
    });
    for (const label of servers.labels) {
      const own = await env(label);
      await step(named(`boots, publishes, consumes on ${label}`), () => tryApplication(cwd, own));
    }
    const own = await env('PostgreSQL');
    if (broker) {
      const grpc = { ...own, MQ_TRANSPORT: 'rocketmq', MQ_ENDPOINT: broker };
      await step(named('boots, publishes, consumes over gRPC'), () => tryApplication(cwd, grpc));
    }
    await step(named(`npm test (${template.runner})`), () => runTests(cwd, own));
    await step(named('every module resolution'), () => checkTypes(cwd, template));
    await step(named('the emulator ends'), () => emulator.stop());
  }
}

/** @param {string} name */
function wanted(name) {
  return options.only === undefined || options.only === name;
}
