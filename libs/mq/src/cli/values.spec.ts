import { instant, instantOrAgo, rate } from './values.js';

describe('values of a command line', () => {
  it.each([
    ['50/s', 50],
    ['50', 50],
    ['0.5/s', 0.5],
    ['120/m', 2],
    ['36/h', 0.01],
  ])('reads the rate %s', (typed, perSecond) => {
    expect(rate(typed, '--rate')).toBeCloseTo(perSecond);
  });

  it.each(['', '0/s', '-1', '50/d', 'fast', '50 /s', '/s', '1e3'])('finds no rate in %j', (typed) => {
    expect(() => rate(typed, '--rate')).toThrow(`--rate: "${typed}" is no rate; write 50/s`);
  });

  it('reads times with their zone, and days', () => {
    expect(instant('2026-11-28T09:30Z', '--at').toISOString()).toBe('2026-11-28T09:30:00.000Z');
    expect(instant('2026-11-28T09:30:15.250+01:00', '--at').toISOString()).toBe('2026-11-28T08:30:15.250Z');
    expect(instant('2026-11-28', '--at').toISOString()).toBe('2026-11-28T00:00:00.000Z');
  });

  it.each(['2026-11-28T09:30', '2026-13-01', '2026-11-31', 'tomorrow', '1700000000000', '28.11.2026'])(
    'finds no time in %j',
    (typed) => {
      expect(() => instant(typed, '--at')).toThrow(`--at: "${typed}" is no time; write 2026-11-28T09:30Z`);
      expect(() => instantOrAgo(typed, '--since')).toThrow(`--since: "${typed}" is neither a time nor a duration`);
    },
  );

  it('reads a time, or how long ago', () => {
    expect(instantOrAgo('2h', '--since')).toBe(7_200_000);
    expect(instantOrAgo('2026-11-28', '--since')).toEqual(new Date('2026-11-28T00:00:00Z'));
  });
});
