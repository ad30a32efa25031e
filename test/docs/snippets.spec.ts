import { allPages } from './support/pages.js';
import { compileSnippets } from './support/snippet-program.js';

describe('code in the documentation', () => {
  const pages = allPages();

  it('compiles, strictly, against the library', () => {
    expect(pages.flatMap(({ fences }) => fences).filter(({ language }) => language === 'ts').length).toBeGreaterThan(
      20,
    );
    expect(compileSnippets(pages)).toEqual([]);
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
