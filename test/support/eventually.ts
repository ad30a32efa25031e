/**
 * Waits until `condition` holds, and fails with its last answer when it does not within `timeoutMs`.
 *
 * A condition holds when it returns anything but `false`, `undefined` or `null`, and does not throw; what it
 * returned is what `eventually` resolves to. Assertions inside the condition are fine: the last one to fail is
 * the error that is reported.
 *
 * @example
 * const row = await eventually(async () => (await rows()).find((r) => r.status === 'SENT'));
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  {
    timeoutMs = 60_000,
    intervalMs = 20,
    what = 'the condition',
  }: { timeoutMs?: number; intervalMs?: number; what?: string } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined && value !== null) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(
        `${what} did not hold within ${timeoutMs} ms; last: ${last instanceof Error ? last.message : String(last)}`,
        {
          cause: last,
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

/** Waits until the assertions in `check` pass. */
export async function eventuallyPasses(
  check: () => Promise<void>,
  options?: { timeoutMs?: number; intervalMs?: number; what?: string },
): Promise<void> {
  await eventually(async () => {
    await check();
    return true;
  }, options);
}
