import 'reflect-metadata';
import { EVIDENCE_CODES, EXPLAIN_STATES } from 'nestjs-reliable-mq';
import { type Page, readPage, tableRows } from '../support/pages.js';
import { compileSnippets } from './support/snippet-program.js';

const page = readPage('docs/reference/explain.md');
const firstOf = (column: string): string[] => tableRows(page, column).map((row) => row[column]!.replaceAll('`', ''));

describe('docs/reference/explain.md', () => {
  it('lists every state and every kind of evidence, and nothing else', () => {
    expect(firstOf('State').sort()).toEqual(Object.keys(EXPLAIN_STATES).sort());
    expect(firstOf('Evidence').sort()).toEqual(Object.keys(EVIDENCE_CODES).sort());
  });

  // The compiler knows what a type consists of.
  it('lists every entry of a timeline, every reason of a copy and every field of an explanation', () => {
    const union = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(' | ');
    const code = [
      `import type { CopyReason, MqExplanation, TimelineEvent } from 'nestjs-reliable-mq';`,
      'type Differ<A, B> = Exclude<A, B> | Exclude<B, A>;',
      'const same = <Documented, Known>(..._: [Differ<Documented, Known>] extends [never] ? [] : [differ: Differ<Documented, Known>]): void => undefined;',
      `same<${union(firstOf('Entry'))}, TimelineEvent>();`,
      `same<${union(firstOf('Reason of a copy'))}, CopyReason>();`,
      `same<${union(firstOf('Field of an explanation'))}, keyof MqExplanation>();`,
    ].join('\n');
    const made: Page = { ...page, path: 'docs/made.md', fences: [{ language: 'ts', code, line: 1 }] };
    expect(compileSnippets([made])).toEqual([]);
  });
});
