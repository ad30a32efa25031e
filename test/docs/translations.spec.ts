import ts from 'typescript';
import { allPages, type Fence, type Page } from '../support/pages.js';

/** Pages in two languages: the name of the translation ends in `.zh-CN` before its `.md`. */
const pages = allPages();
const pairs = pages.flatMap((translation) => {
  const original = pages.find(({ path }) => path === translation.path.replace('.zh-CN.md', '.md'));
  return original && original !== translation ? [{ original, translation }] : [];
});

describe('translated pages', () => {
  it('are these', () => {
    expect(pairs.map(({ translation }) => translation.path)).toEqual([
      'README.zh-CN.md',
      'docs/guides/coming-from-laravel-mq.zh-CN.md',
    ]);
    expect(pages.filter(({ path }) => path.includes('.zh-CN.'))).toHaveLength(pairs.length);
  });

  describe.each(pairs)('$translation.path', ({ original, translation }) => {
    it('has the same code, but for comments and texts', () => {
      expect(translation.fences.map(codeOf)).toEqual(original.fences.map(codeOf));
    });

    it('has as many headings of each level, rows of tables and points of lists', () => {
      expect(shapeOf(translation)).toEqual(shapeOf(original));
    });

    it('links to the same pages', () => {
      expect(targetsOf(translation)).toEqual(targetsOf(original));
    });
  });
});

/** What must be equal of a block: its tokens if it is TypeScript; of drawings and outlines only that they are there. */
function codeOf({ language, code }: Fence): string {
  if (language === 'text') return 'text';
  return `${language}: ${language === 'ts' ? tokensOf(code).join(' ') : code}`;
}

/** Without white space and comments. A text with a word of Chinese stands for any other text. */
function tokensOf(code: string): string[] {
  const named = /^\/\/ [\w.-]+\.ts\b/.exec(code)?.[0] ?? '';
  const tokens = [named];
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    if (ts.isStringLiteralLike(node)) tokens.push(isProse(node.text) ? "'…'" : node.getText());
    else if (node.getChildCount() === 0) tokens.push(node.getText());
    else for (const child of node.getChildren()) visit(child);
  };
  visit(ts.createSourceFile('block.ts', code, ts.ScriptTarget.Latest, true));
  return tokens.filter((token) => token !== '');
}

/** What a reader sees and no program looks at: names, tags and addresses have no blanks. */
function isProse(text: string): boolean {
  return /\p{Script=Han}/u.test(text) || /^[\p{L}',.]+( [\p{L}',.]+)+$/u.test(text);
}

function shapeOf({ prose }: Page): string[] {
  return prose.flatMap((line) => {
    if (line.startsWith('|')) return ['| row'];
    return /^#{1,6} |^- \[ \] |^- |^\d+\. /.exec(line)?.[0] ?? [];
  });
}

/** Their order follows the sentences, which differ; a heading of the page itself has a name of its own in each language. */
function targetsOf({ links }: Page): string[] {
  return links.map(({ target }) => target.replace('.zh-CN.md', '.md').replace(/^#.*/, '#')).sort();
}
