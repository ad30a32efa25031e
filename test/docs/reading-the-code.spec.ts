import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/pages.js';

const SOURCE = join(ROOT, 'libs/mq/src');
/** More than this many files is more than a reader holds in his head. */
const MOST_FILES = 20;

interface Stop {
  readonly flow: string;
  readonly number: number;
  readonly file: string;
  readonly symbol: string;
}

const stops = stopsOf(readFileSync(join(ROOT, 'docs/reading-the-code.md'), 'utf8'));
const flows = [...new Set(stops.map(({ flow }) => flow))];

describe('reading the code', () => {
  it('has the three flows', () => expect(flows).toEqual(['Publish', 'Relay', 'Deliver']));

  it.each(flows)('%s is numbered without a gap, passes each file once, and no more than can be remembered', (flow) => {
    const mine = stops.filter((stop) => stop.flow === flow);
    expect(mine.map(({ number }) => number)).toEqual(mine.map((_, i) => i + 1));
    expect(new Set(mine.map(({ file }) => file)).size).toBe(mine.length);
    expect(mine.length).toBeLessThanOrEqual(MOST_FILES);
  });

  it('names files that exist, and what is defined in them', () => {
    expect(stops.filter((stop) => !defines(stop)).map(({ file, symbol }) => `${file}: ${symbol}`)).toEqual([]);
  });
});

/** `1. core/publisher/publisher.ts, Publisher.publish: …`, each of the two names in backticks. */
function stopsOf(page: string): Stop[] {
  let flow = '';
  return page.split('\n').flatMap((line) => {
    flow = /^## (\w+)/.exec(line)?.[1] ?? flow;
    const item = /^(\d+)\. `([^`]+)`, `([^`]+)`: ./.exec(line);
    if (/^\d+\. /.test(line) && !item) throw new Error(`no file and symbol in: ${line}`);
    return item ? [{ flow, number: Number(item[1]), file: item[2]!, symbol: item[3]! }] : [];
  });
}

function defines({ file, symbol }: Stop): boolean {
  const path = join(SOURCE, file);
  if (!existsSync(path)) return false;
  const code = readFileSync(path, 'utf8');
  const [owner, member] = symbol.replace(/\(\)$/, '').split('.') as [string, string | undefined];
  if (!new RegExp(`\\b(class|interface|function|const|type) ${owner}\\b`).test(code)) return false;
  return member === undefined || new RegExp(`^\\s+(?:[a-z]+ )*${member}(?:<[^(]*>)?\\??[(:]`, 'm').test(code);
}
