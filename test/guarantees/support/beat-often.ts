/** What processes rest between two beats: 9.3 to 9.9 s. */
const isRest = (ms: number | undefined): boolean => ms !== undefined && ms > 9_200 && ms < 10_000;
const INSTEAD_MS = 150;

/**
 * Lets the processes of this `describe` tell about themselves several times a second instead of every ten: what a test waits for
 * in a dozen places. By the timer, since nobody but a test has a use for an option.
 */
export function beatOften(): void {
  const real = globalThis.setTimeout;
  beforeAll(() => {
    const often = (task: () => void, ms?: number): NodeJS.Timeout => real(task, isRest(ms) ? INSTEAD_MS : ms);
    globalThis.setTimeout = Object.assign(often, { __promisify__: real.__promisify__ }) as typeof setTimeout;
  });
  afterAll(() => {
    globalThis.setTimeout = real;
  });
}
