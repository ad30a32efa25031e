import { join } from 'node:path';
import { buildIfStale } from '../../../../scripts/build-if-stale.mjs';
import { run } from '../support/run.mjs';

/** Nothing else may be in the package: no specs, no sources, no maps that point to sources, no caches. */
const ALLOWED = [
  /^dist\/.+(?<!\.spec)\.(js|d\.ts)$/,
  /^dist\/cjs\/package\.json$/,
  /^bin\/.+\.mjs$/,
  /^docs\/(.+\.md|images\/.+\.svg)$/,
  /^monitoring\/(alerts\.yml|grafana\.json)$/,
  /^(package\.json|README(\.[\w-]+)?\.md|CHANGELOG\.md|LICENSE)$/,
];
const REQUIRED = [
  'README.md',
  'README.zh-CN.md',
  'CHANGELOG.md',
  'LICENSE',
  'docs/README.md',
  'monitoring/alerts.yml',
  'monitoring/grafana.json',
  'bin/nestjs-reliable-mq.mjs',
  'dist/emulator/cli/run-emulator.js',
  'dist/cli/program/run-program.js',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/cjs/index.js',
  'dist/cjs/index.d.ts',
];

/**
 * Builds and packs the library, and checks what is in the package.
 *
 * @param {string} root
 * @param {string} folder
 */
export async function pack(root, folder) {
  const library = join(root, 'libs/mq');
  await buildIfStale((line) => console.log(`          ${line}`));
  await run('npx', ['publint', '--strict'], { cwd: library });
  const output = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], { cwd: library });
  /** @type {[{ filename: string, files: { path: string }[], size: number, unpackedSize: number }]} */
  const [{ filename, files, size, unpackedSize }] = JSON.parse(output.slice(output.indexOf('[')));

  const paths = files.map(({ path }) => path);
  const unwanted = paths.filter((path) => !ALLOWED.some((pattern) => pattern.test(path)));
  if (unwanted.length > 0) throw new Error(`in the package, but not wanted: ${unwanted.join(', ')}`);
  const absent = REQUIRED.filter((path) => !paths.includes(path));
  if (absent.length > 0) throw new Error(`not in the package: ${absent.join(', ')}`);
  const ignored = await run('git', ['ls-files', '--others', '--ignored', '--exclude-standard', '--directory'], {
    cwd: library,
  });
  const copies = ignored.split('\n').filter((path) => path && !/^(dist|node_modules)\/|\/generated\.ts$/.test(path));
  if (copies.length > 0) throw new Error(`packing left copies behind: ${copies.join(', ')}`);
  console.log(`          ${filename}: ${files.length} files, ${kilobytes(size)}, unpacked ${kilobytes(unpackedSize)}`);
  return join(folder, filename);
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return `${Math.round(bytes / 1024)} kB`;
}
