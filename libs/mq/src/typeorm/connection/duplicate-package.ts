import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { MqError } from '../../core/errors/mq-error.js';

const LIBRARY = 'nestjs-reliable-mq';

/**
 * The application and this library use a copy each of a package that keeps state in its classes: injection tokens, lists of
 * entities, `instanceof`. Nothing of one copy is known to the other.
 *
 * @param names of the packages, the one that matters first
 */
export function duplicatePackage(names: readonly string[], consequence: string): MqError {
  const copies = names.flatMap((name) => copiesOnDisk(name));
  const where = copies.length === 0 ? '' : ` Found: ${copies.join(' and ')}.`;
  const list = names.join(' ');
  return new MqError(
    'MQ_DUPLICATE_PACKAGE',
    `${names.join(' and ')} ${names.length > 1 ? 'are' : 'is'} installed twice: ${LIBRARY} uses another copy than the application, so ${consequence}.${where} ` +
      `Make it one: the same version in each package.json of the workspace, then npm dedupe, or pnpm dedupe with ` +
      `"pnpm": { "overrides": { ${names.map((name) => `"${name}": "<version>"`).join(', ')} } } in the root's; npm ls ${list}, or pnpm why -r ${list}, shows who asks for which.`,
    { details: { packages: names, copies } },
  );
}

/** The folders of the two copies; none when they cannot be told apart by resolving them, as in a bundle. */
function copiesOnDisk(name: string): string[] {
  // The program that runs, and the folder it was started in: of the two, only one may lie within the application's package.
  for (const from of [process.argv[1], join(process.cwd(), 'package.json')]) {
    if (from === undefined) continue;
    const library = resolveFrom(from, LIBRARY);
    const copies = [resolveFrom(from, name), library && resolveFrom(library, name)];
    const folders = copies.flatMap((entry) => (entry === null ? [] : [folderOf(entry, name)]));
    if (new Set(folders).size === 2) return folders;
  }
  return [];
}

function resolveFrom(file: string, name: string): string | null {
  try {
    return createRequire(file).resolve(name);
  } catch {
    return null;
  }
}

function folderOf(entry: string, name: string): string {
  const folder = [sep, 'node_modules', sep, name.replace('/', sep), sep].join('');
  const at = entry.lastIndexOf(folder);
  return at < 0 ? entry : entry.slice(0, at + folder.length - 1);
}
