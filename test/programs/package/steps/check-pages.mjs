import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/**
 * Follows every relative link of the pages in an installed package. Their anchors are tested in the repository.
 *
 * @param {string} installed
 */
export async function checkPages(installed) {
  const entries = await readdir(installed, { recursive: true, withFileTypes: true });
  const pages = entries
    .filter(({ name }) => name.endsWith('.md'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((page) => !relative(installed, page).includes('node_modules'));
  let links = 0;
  /** @type {string[]} */
  const broken = [];
  for (const page of pages) {
    for (const target of relativeLinks(await readFile(page, 'utf8'))) {
      links++;
      if (!existsSync(join(dirname(page), target))) broken.push(`${relative(installed, page)}: ${target}`);
    }
  }
  if (broken.length > 0) throw new Error(`links that lead nowhere in the package:\n${broken.join('\n')}`);
  console.log(`          ${links} links in ${pages.length} pages lead somewhere`);
}

/** @param {string} markdown */
function relativeLinks(markdown) {
  const prose = markdown.replaceAll(/^\s*```[^]*?^\s*```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map(([, target]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}
