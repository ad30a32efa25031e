import { join } from 'node:path';
import { buildIfStale } from '../../../scripts/build-if-stale.mjs';
import { run } from '../support/run.mjs';

/** Nothing else may be in the package: no specs, no sources, no maps that point to sources, no caches. */
const ALLOWED = [
  /^dist\/.+(?<!\.spec)\.(js|d\.ts)$/,
  /^dist\/cjs\/package\.json$/,
  /^(package\.json|README\.md|LICENSE)$/,
];
const REQUIRED = [
  'README.md',
  'LICENSE',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/cjs/index.js',
  'dist/cjs/index.d.ts',
];

/** Builds and packs the library, and checks what is in the package. */
export async function pack(root, folder) {
  const library = join(root, 'libs/mq');
  await buildIfStale((line) => console.log(`          ${line}`));
  await run('npx', ['publint', '--strict'], { cwd: library });
  const output = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], { cwd: library });
  const [{ filename, files, size, unpackedSize }] = JSON.parse(output.slice(output.indexOf('[')));

  const paths = files.map(({ path }) => path);
  const unwanted = paths.filter((path) => !ALLOWED.some((pattern) => pattern.test(path)));
  if (unwanted.length > 0) throw new Error(`in the package, but not wanted: ${unwanted.join(', ')}`);
  const absent = REQUIRED.filter((path) => !paths.includes(path));
  if (absent.length > 0) throw new Error(`not in the package: ${absent.join(', ')}`);
  console.log(`          ${filename}: ${files.length} files, ${kilobytes(size)}, unpacked ${kilobytes(unpackedSize)}`);
  return join(folder, filename);
}

function kilobytes(bytes) {
  return `${Math.round(bytes / 1024)} kB`;
}
