import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as markdown from 'prettier/plugins/markdown';
import { format } from 'prettier/standalone';
import { ROOT } from '../support/pages.js';

describe('npm run house:check', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'house-'));
    execFileSync('git', ['init', '--quiet'], { cwd: folder });
    mkdirSync(join(folder, 'scripts'));
    copyFileSync(join(ROOT, 'scripts/check-house.mjs'), join(folder, 'scripts/check-house.mjs'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** In which lines of a page a conflict is found. */
  function conflictsIn(page: string): number[] {
    writeFileSync(join(folder, 'page.md'), page);
    const { stderr, status } = spawnSync(process.execPath, ['scripts/check-house.mjs'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const found = [...stderr.matchAll(/^page\.md:(\d+): a conflict of a merge/gm)].map(([, line]) => Number(line));
    expect(status).toBe(found.length === 0 ? 0 : 1);
    return found;
  }

  // Put together here, so that this file is not taken for a conflict.
  const [ours, base, middle, theirs] = ['<', '|', '=', '>'].map((character) => character.repeat(7));
  const table = ['| What | When |', '| ---- | ---- |'];

  it('finds a conflict as git writes it', () => {
    expect(conflictsIn([`${ours} HEAD`, 'a', middle, 'b', `${theirs} 7ca7474 (why)`, ''].join('\n'))).toEqual([
      1, 3, 5,
    ]);
    expect(conflictsIn([`${ours} a`, 'a', `${base} base`, middle, 'b', `${theirs} b`].join('\r\n'))).toEqual([
      1, 3, 4, 6,
    ]);
  });

  it('finds it in a page that prettier has formatted since', async () => {
    const page = [`${ours} HEAD`, '', ...table, '| a | 1 |', middle, ...table, '| a | 2 |', `${theirs} 7ca7474 (why)`];
    const formatted = await format(page.join('\n'), { parser: 'markdown', plugins: [markdown] });
    expect(formatted).not.toContain(theirs);
    expect(conflictsIn(formatted)).toHaveLength(3);
  });

  it('takes tables, quotations and underlined headings for what they are', () => {
    expect(conflictsIn(['A heading', '=========', '', '> > quoted', '', ...table].join('\n'))).toEqual([]);
  });
});
