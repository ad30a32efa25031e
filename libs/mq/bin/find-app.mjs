import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** As the one of the library, which may not be built yet when this file is read, and is known by its name. */
class UsageError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'UsageError';
  }
}

/**
 * The root module of the application: what the file of `--app`, of `MQ_APP`, or of `"mq": { "app": … }` in the nearest
 * package.json that has it, exports.
 *
 * @param {string | undefined} option
 */
export async function findApp(option) {
  const file = await findFile(option);
  const exported = await load(file);
  const found = exported.default ?? onlyModule(exported);
  if (typeof found === 'function') return found;
  const names = Object.keys(exported);
  const modules = names.filter((name) => isModule(exported[name]));
  throw new UsageError(
    `${file} does not say which class is the root module: export it as default, or export one class with @Module() alone. ` +
      `It exports: ${(modules.length > 0 ? modules : names).join(', ') || 'nothing'}`,
  );
}

/** @param {string | undefined} option */
async function findFile(option) {
  if (option !== undefined) return resolve(option);
  if (process.env.MQ_APP) return resolve(process.env.MQ_APP);
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const app = await appIn(folder);
    if (app !== null) return resolve(folder, app);
    if (folder === dirname(folder)) break;
  }
  throw new UsageError(
    'which application? Name the compiled file that exports its root module: --app dist/app.module.js, or MQ_APP, or ' +
      '"mq": { "app": "dist/app.module.js" } in package.json',
  );
}

/** @param {string} folder */
async function appIn(folder) {
  const file = join(folder, 'package.json');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const app = JSON.parse(text).mq?.app;
    return typeof app === 'string' ? app : null;
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error.message}`);
  }
}

/**
 * What a file exports, in both module systems.
 *
 * @param {string} file
 * @returns {Promise<Record<string, unknown>>}
 */
async function load(file) {
  if (/\.[cm]?tsx?$/.test(file))
    throw new UsageError(
      `${file} is not compiled: name the file that the compiler makes of it, e.g. dist/app.module.js`,
    );
  try {
    const namespace = await import(pathToFileURL(file).href);
    const { default: exported } = namespace;
    // Of a CommonJS module, everything is in `default`.
    const isCommonJs = typeof exported === 'object' && exported !== null && !isDynamicModule(exported);
    return isCommonJs ? { ...exported } : { ...namespace };
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND' && error.url === pathToFileURL(file).href)
      throw new UsageError(`there is no file ${file}: build the application, or name another one`);
    throw error;
  }
}

/** @param {Record<string, unknown>} exported */
function onlyModule(exported) {
  const modules = [...new Set(Object.values(exported).filter(isModule))];
  return modules.length === 1 ? modules[0] : undefined;
}

/**
 * `@Module()` leaves what it was given in the class, and nothing else.
 *
 * @param {unknown} value
 */
function isModule(value) {
  const keys = ['imports', 'providers', 'controllers', 'exports'];
  return typeof value === 'function' && 'hasMetadata' in Reflect && keys.some((key) => Reflect.hasMetadata(key, value));
}

/** @param {object} value */
function isDynamicModule(value) {
  return 'module' in value && typeof value.module === 'function';
}
