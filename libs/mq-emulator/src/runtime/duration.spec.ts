import { parseDuration } from './duration.js';

describe('parseDuration', () => {
  it.each([
    [1_500, 1_500],
    ['250', 250],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
  ])('reads %j as %i', (duration, ms) => expect(parseDuration(duration)).toBe(ms));

  it.each(['', 'soon', '-1s', '5 m', '1w', NaN, Infinity, -1])('refuses %j', (duration) => {
    expect(() => parseDuration(duration)).toThrow(/is not a duration/);
  });
});
