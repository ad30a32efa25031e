import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * An optional package of the application, or `null`. First as a dependency of this library, then as one of the
 * application itself, which is where strict package managers put it.
 *
 * Every failure counts as "not in use": an application that uses the package imports it as well, and is told by that
 * import what is wrong with it.
 */
export async function loadOptional(name: string): Promise<Record<string, unknown> | null> {
  try {
    return namespace(await import(name));
  } catch {
    try {
      return namespace(createRequire(join(process.cwd(), 'package.json'))(name));
    } catch {
      return null;
    }
  }
}

/** Node does not always find the names that a CommonJS module exports; all of them are in its default export. */
function namespace(loaded: Record<string, unknown>): Record<string, unknown> {
  return { ...(loaded['default'] as Record<string, unknown> | undefined), ...loaded };
}
