// `npm run test:package`: packs the library as it would be published, and uses it as its users do: in a bare Node
// project, bundled, and in the untouched application templates of Nest 12 and Nest 11. Installs from the registry, so it takes
// minutes and is not part of `npm test`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkBareInstall } from './steps/check-bare-install.mjs';
import { checkBundles } from './steps/check-bundles.mjs';
import { checkTypes } from './steps/check-types.mjs';
import { makeApplication } from './steps/make-application.mjs';
import { pack } from './steps/pack.mjs';
import { runTests } from './steps/run-tests.mjs';
import { tryApplication } from './steps/try-application.mjs';
import { step } from './support/progress.mjs';
import { killAll, run, start } from './support/run.mjs';
import { Servers } from './support/servers.mjs';
import { waitForOutput } from './support/wait-for-output.mjs';
import { TEMPLATES } from './templates.mjs';
import { readOptions } from '../../scripts/support/read-options.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
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

async function checkPackage(folder, servers) {
  const tarball = await step('pack', () => pack(ROOT, folder));
  if (wanted('bare')) {
    await step('bare Node project, required peers only', () => checkBareInstall(folder, tarball));
  }
  if (wanted('bundle')) {
    const database = () => servers.database('PostgreSQL');
    await step('bundled with esbuild, run without node_modules', () => checkBundles(folder, tarball, database));
  }
  const templates = TEMPLATES.filter(({ name }) => wanted(name));
  if (templates.length === 0) return;

  const endpoint = await startEmulator();
  for (const template of templates) {
    const env = async (label) => ({ DATABASE_URL: (await servers.database(label)).url, MQ_ENDPOINT: endpoint });
    const named = (what) => `${template.title}: ${what}`;
    const cwd = await step(named('nest new, npm install'), () => makeApplication(folder, template, tarball));
    await step(named('npm run build'), () => run('npm', ['run', 'build'], { cwd }));
    for (const label of servers.labels) {
      const own = await env(label);
      await step(named(`boots, publishes, consumes on ${label}`), () => tryApplication(cwd, own));
    }
    const own = await env('PostgreSQL');
    await step(named(`npm test (${template.runner})`), () => runTests(cwd, own));
    if (template.extension === '') await step(named('every module resolution'), () => checkTypes(cwd));
  }
}

function wanted(name) {
  return options.only === undefined || options.only === name;
}

async function startEmulator() {
  const emulator = start(process.execPath, ['libs/mq-emulator/dist/main.js', '--port', '0'], { cwd: ROOT });
  const [, endpoint] = await waitForOutput(emulator, /"endpoint":"([^"]+)"/);
  return endpoint;
}
