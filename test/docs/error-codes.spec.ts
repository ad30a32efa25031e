import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MQ_ERROR_CODES } from 'nestjs-reliable-mq';
import { readPage, ROOT } from '../support/pages.js';

describe('docs/reference/errors.md', () => {
  const path = 'docs/reference/errors.md';
  const codes = readPage(path).headings.filter((heading) => heading.startsWith('MQ_'));

  it('has a section for each code, and for nothing else', () => {
    expect([...codes].sort()).toEqual(Object.keys(MQ_ERROR_CODES).sort());
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('says of each code what happened, why, and what to do', () => {
    const sections = readFileSync(join(ROOT, path), 'utf8').split(/^## /m).slice(1);
    const incomplete = sections
      .filter((section) => section.startsWith('MQ_'))
      .filter(
        (section) => !['**What happened.** ', '**Why.** ', '**What to do.** '].every((part) => section.includes(part)),
      )
      .map((section) => section.split('\n')[0]);
    expect(incomplete).toEqual([]);
  });
});
