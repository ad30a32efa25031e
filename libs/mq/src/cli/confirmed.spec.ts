import { PassThrough } from 'node:stream';
import type { CliContext } from './cli-context.js';
import { confirmed } from './confirmed.js';
import { UsageError } from './usage-error.js';

describe('confirmed', () => {
  let stdin: PassThrough;
  let asking: AbortController;
  let asked: string;
  let told: string[];
  beforeEach(() => {
    stdin = new PassThrough();
    asking = new AbortController();
    asked = '';
    told = [];
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      asked += String(text);
      return true;
    });
  });
  afterEach(() => jest.restoreAllMocks());

  const ask = (isTTY: boolean, yes = false, count = 3): Promise<boolean> => {
    const err = { line: (text: string) => void told.push(text) };
    const context = { err, isTTY, stdin, signal: asking.signal } as unknown as CliContext;
    return confirmed(context, 'they end for good', count, yes);
  };

  it.each([
    ['y\n', true],
    ['YES\n', true],
    ['n\n', false],
    ['\n', false],
    ['yet\n', false],
  ])('takes %j for %s', async (typed, wanted) => {
    stdin.write(typed);
    expect(await ask(true)).toBe(wanted);
    expect(asked).toContain('3 rows: they end for good. Go on? [y/N]');
  });

  it('takes the end of the input, and somebody who asks to stop, for no', async () => {
    stdin.end();
    expect(await ask(true)).toBe(false);
    stdin = new PassThrough();
    const answer = ask(true);
    asking.abort();
    expect(await answer).toBe(false);
    stdin = new PassThrough();
    expect(await ask(true)).toBe(false);
  });

  it('asks nobody who said yes before, and refuses where nobody can be asked', async () => {
    expect(await ask(false, true, 1)).toBe(true);
    expect(told).toEqual(['1 row: they end for good']);
    await expect(ask(false)).rejects.toThrow(UsageError);
    await expect(ask(false)).rejects.toThrow(/^3 rows: they end for good\. Nobody can be asked here: add --yes/);
    expect(asked).toBe('');
  });
});
