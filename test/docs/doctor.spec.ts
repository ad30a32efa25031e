import { DOCTOR_CODES } from 'nestjs-reliable-mq';
import { readPage, tableRows } from '../support/pages.js';
import { compileSnippets } from './support/snippet-program.js';

const page = readPage('docs/reference/doctor.md');
const names = (column: string): string[] => tableRows(page, column).map((row) => /`([\w-]+)`/.exec(row[column]!)![1]!);

describe('docs/reference/doctor.md', () => {
  it('has a row for each finding, in their order, and for nothing else', () => {
    expect(names('Finding')).toEqual([...DOCTOR_CODES]);
    for (const row of tableRows(page, 'Finding')) expect(Object.values(row)).not.toContain('');
  });

  it('lists the options and the fields of the report, and nothing else', () => {
    const same = `type Differ<A, B> = Exclude<A, B> | Exclude<B, A>;
      const same = <A, B>(..._: [Differ<A, B>] extends [never] ? [] : [differ: Differ<A, B>]): void => undefined;`;
    const union = (column: string): string =>
      names(column)
        .map((name) => `'${name}'`)
        .join(' | ');
    const code = `import type { DoctorOptions, DoctorReport } from 'nestjs-reliable-mq';
      ${same}
      same<${union('Option of `doctor()`')}, keyof DoctorOptions>();
      same<${union('Field of the report')}, keyof DoctorReport>();`;
    const fences = [{ language: 'ts', code, line: 1 }];
    expect(compileSnippets([{ ...page, path: 'docs/made.md', fences }])).toEqual([]);
  });
});
