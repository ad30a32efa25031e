import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page, ROOT } from '../../support/pages.js';

/**
 * Writes the blocks of a page that begin with `// some-file.ts` into a new folder, as these files. Inside of the repository,
 * because packages are looked for from there; in a folder that git and the tools ignore. Who calls this removes it.
 * @param change what a reader changes of a file
 */
export function writeBlocks(page: Page, change: (name: string, code: string) => string = (_, code) => code): string {
  const parent = join(ROOT, 'coverage');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'blocks-'));
  for (const { code } of page.fences) {
    const name = /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1];
    if (name) writeFileSync(join(folder, name), change(name, code));
  }
  return folder;
}
