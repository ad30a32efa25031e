import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allPages, readPage, ROOT } from '../support/pages.js';
import { compileSnippets } from './support/snippet-program.js';

describe('code in the documentation', () => {
  const pages = allPages();

  it('compiles, strictly, against the library', () => {
    expect(pages.flatMap(({ fences }) => fences).filter(({ language }) => language === 'ts').length).toBeGreaterThan(
      20,
    );
    expect(compileSnippets(pages)).toEqual([]);
  });

  // Other pages use these entities too, through the prelude, and the type checker wants them as files.
  it('has the same entities in the README as in the folder of its files', () => {
    const folder = join(ROOT, 'test/docs/snippets/readme');
    const { fences } = readPage('README.md');
    for (const name of readdirSync(folder)) {
      const fence = fences.find(({ code }) => code.startsWith(`// ${name}\n`));
      expect(`${fence?.code}\n`).toBe(`// ${name}\n${readFileSync(join(folder, name), 'utf8')}`);
    }
  });

  // A block in a language that nobody checks would go stale unnoticed.
  it('is marked as one of the languages that a test knows', () => {
    const unknown = pages.flatMap(({ path, fences }) =>
      fences
        .filter(({ language }) => !['ts', 'sh', 'sql', 'json', 'text'].includes(language))
        .map(({ language, line }) => `${path}:${line}: ${language || 'no language'}`),
    );
    expect(unknown).toEqual([]);
  });
});
