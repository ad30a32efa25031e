import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * The copies of an optional package that can be found, none when it is not installed. First the one of this library, then that
 * of the application itself, which is where strict package managers put it.
 *
 * Every failure counts as "not there": an application that uses the package imports it as well, and is told by that
 * import what is wrong with it.
 *
 * @param ofLibrary imports it by its literal name, so that a bundler puts the application's copy there; `null` when it is absent
 */
export async function copiesOf<T>(
  name: string,
  ofLibrary: () => Promise<object | null>,
): Promise<readonly Partial<T>[]> {
  const found = [await ofLibrary(), ofApplication(name)];
  return found.filter((copy) => copy !== null).map((copy) => namespace<T>(copy));
}

function ofApplication(name: string): object | null {
  try {
    return createRequire(join(process.cwd(), 'package.json'))(name) as object;
  } catch {
    return null;
  }
}

/** Node does not always find the names that a CommonJS module exports; all of them are in its default export. */
function namespace<T>(loaded: { default?: object }): Partial<T> {
  return { ...loaded.default, ...loaded } as Partial<T>;
}
