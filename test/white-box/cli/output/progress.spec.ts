import { ManualClock } from 'nestjs-reliable-mq/testing';
import { Progress } from '../../../../libs/mq/src/cli/output/progress.js';

describe('Progress', () => {
  const clock = new ManualClock();
  let written: string[];
  beforeEach(() => (written = []));
  const start = (isTTY: boolean, total: number | null): Progress =>
    new Progress({ isTTY, write: (text: string) => written.push(text) }, clock, 'replayed', total);

  it('writes a line each five seconds, with the rate and what time is left', async () => {
    const progress = start(false, 1_000);
    progress.report(1);
    await clock.advance(4_999);
    progress.report(99);
    expect(written).toEqual([]);
    await clock.advance(1);
    progress.report(100);
    progress.report(101);
    await clock.advance(5_000);
    progress.report(500);
    progress.end(1_000);
    expect(written).toEqual([
      'replayed 100 of 1000, 20/s, 45s left\n',
      'replayed 500 of 1000, 50/s, 10s left\n',
      'replayed 1000 of 1000, 100/s\n',
    ]);
  });

  it('writes over its one line on a terminal, and leaves it at the end', async () => {
    const progress = start(true, null);
    await clock.advance(199);
    progress.report(1);
    await clock.advance(1);
    progress.report(2);
    await clock.advance(300);
    progress.end(3);
    expect(written).toEqual(['\r\u001b[2Kreplayed 2, 10/s', '\r\u001b[2Kreplayed 3, 6.0/s', '\n']);
  });

  it('says nothing of what was done at once', () => {
    const progress = start(true, 1);
    progress.report(1);
    progress.end(1);
    expect(written).toEqual([]);
  });
});
