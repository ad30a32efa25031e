import { join, type Problems } from '../../config/problems.js';
import type { Duration } from '../../runtime/duration.js';

/** What `batch` of `@MqConsumer()` takes. */
export interface MqBatchOptions {
  /** Messages in one call at most, from 1 to 1,000. Default 100. */
  size?: number;
  /** How long the first message waits for others, up to a minute. Default `'1s'`. */
  wait?: Duration;
}

/** How the messages of a handler are gathered. */
export interface BatchPolicy {
  readonly size: number;
  readonly waitMs: number;
}

/** All of a batch stand in one statement and in memory. */
const MAX_SIZE = 1_000;
const MAX_WAIT_MS = 60_000;

export function resolveBatch(problems: Problems, path: string, value: unknown): BatchPolicy {
  const { size, wait } = problems.object(path, value, ['size', 'wait']);
  const waitMs = problems.duration(join(path, 'wait'), wait, '1s');
  if (waitMs > MAX_WAIT_MS) problems.add(join(path, 'wait'), `must be at most ${MAX_WAIT_MS} ms, is ${waitMs} ms`);
  return { size: problems.count(join(path, 'size'), size, 100, MAX_SIZE), waitMs };
}
