import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/pages.js';
import { commandProblem } from './support/documented-commands.js';
import { Sessions } from './support/sessions.js';

/** The picture that `npm run docs:terminal` makes. What the guide shows is compared with what the commands print, so this one only with the guide. */
describe('docs/images/mq.svg', () => {
  const svg = readFileSync(join(ROOT, 'docs/images/mq.svg'), 'utf8');
  const lines = [...svg.matchAll(/<text [^>]*>(.*)<\/text>/g)].map(([, inner]) => textOf(inner!));
  const commands = lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2));
  const guide = new Sessions('docs/guides/operating.md').all;

  it('shows commands that there are, with options that they have', () => {
    expect(commands.map((command) => command.split(' ').slice(0, 2).join(' '))).toEqual([
      'mq errors',
      'mq explain',
      'mq errors',
      'mq status',
    ]);
    expect(commands.flatMap((command) => commandProblem(command) ?? [])).toEqual([]);
  });

  it('has the columns that their tables have in the guide', () => {
    const titles = (line: string): string[] => line.split(/ {2,}/);
    const known = guide.flatMap(({ output }) => output.split('\n')).map((line) => titles(line).join(' | '));
    const shown = lines.filter((line) => /^(id|connection) {2,}/.test(line));
    expect(shown.length).toBeGreaterThan(4);
    for (const line of shown) expect(known).toContain(titles(line).join(' | '));
  });

  it('is small, and has no letter that a picture cannot have', () => {
    expect(svg.length).toBeLessThan(20_000);
    expect(svg).not.toMatch(/[^\n\P{Cc}]/u);
  });
});

function textOf(inner: string): string {
  const text = inner.replaceAll(/<[^>]+>/g, '');
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
