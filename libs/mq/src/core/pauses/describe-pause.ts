import type { MqPause } from '../store/pause-store.js';

/** Says it in one sentence, for log and health. */
export function describePause({ target, actor, reason, since, until }: MqPause): string {
  const end = until === null ? '' : `, until ${until.toISOString()}`;
  return `${target} is paused by ${actor} since ${since.toISOString()}${end}: ${reason}`;
}
