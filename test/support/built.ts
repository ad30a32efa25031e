import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..', '..');

/** What `npm run build` makes, by name. */
export const BUILT = {
  shop: join(ROOT, 'dist/apps/shop/main.js'),
  shopModule: join(ROOT, 'dist/apps/shop/app.module.js'),
  shopCli: join(ROOT, 'dist/apps/shop/cli.js'),
  emulator: join(ROOT, 'libs/mq-emulator/dist/main.js'),
  /** Not built itself, but what it loads is. */
  mq: join(ROOT, 'libs/mq/bin/nestjs-reliable-mq.mjs'),
} as const;

/** For tests of programs: builds what is missing or older than its sources. Several workers may call it at once; one builds. */
export async function ensureBuilt(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/build-if-stale.mjs')], { cwd: ROOT });
}

/** How long {@link ensureBuilt} may take: for `beforeAll(ensureBuilt, BUILD_TIMEOUT_MS)`. */
export const BUILD_TIMEOUT_MS = 300_000;
