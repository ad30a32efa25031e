import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readProperty } from '../../core/runtime/read-property.js';

/** Which copy of a package this process has loaded. */
export interface LoadedPackage {
  readonly version: string;
  readonly folder: string;
}

/**
 * Finds the copy of a package that a loaded module came from, by Node's own list of what it has loaded; `null` when it is
 * not there, as in a bundle.
 *
 * Resolving the name again would not do: an application in a workspace may have two copies, and asks from another folder
 * than this library. And the CommonJS build knows no way to ask as an ES module would. The list holds
 * CommonJS modules, also those that an ES module has loaded; all of our peers are CommonJS.
 */
export function loadedPackage(name: string, loaded: unknown): LoadedPackage | null {
  try {
    const exported = [loaded, readProperty(loaded, 'default')];
    const { cache } = createRequire(join(process.cwd(), 'index.js'));
    const from = Object.values(cache).find((module) => module && exported.includes(module.exports));
    return from ? packageOf(name, dirname(from.filename)) : null;
  } catch {
    return null;
  }
}

function packageOf(name: string, folder: string): LoadedPackage | null {
  const found = readManifest(folder);
  if (readProperty(found, 'name') === name) return { version: String(readProperty(found, 'version')), folder };
  const parent = dirname(folder);
  return parent === folder ? null : packageOf(name, parent);
}

function readManifest(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    return null;
  }
}
