import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * The copies of an optional package that can be found, none when it is not installed. First the one of this library, then that
 * of the application itself, which is where strict package managers put it.
 *
 * Every failure counts as "not there": an application that uses the package imports it as well, and is told by that
 * import what is wrong with it.
 *
 * @param load imports it by its literal name, so that a bundler puts the application's copy there
 */
export async function copiesOf<T>(name: string, load: () => Promise<unknown>): Promise<readonly Partial<T>[]> {
  const fromApplication = async (): Promise<unknown> => createRequire(join(process.cwd(), 'package.json'))(name);
  const copies: Partial<T>[] = [];
  for (const find of [load, fromApplication]) {
    try {
      copies.push(namespace<T>((await find()) as Record<string, unknown>));
    } catch {
      // Not there.
    }
  }
  return copies;
}

/** Node does not always find the names that a CommonJS module exports; all of them are in its default export. */
function namespace<T>(loaded: Record<string, unknown>): Partial<T> {
  return { ...(loaded['default'] as Partial<T> | undefined), ...(loaded as Partial<T>) };
}
