import type { ResolvedOptions } from '../config/resolved-options.js';
import type { PauseBoard } from './pause-board.js';

/** What consumes groups. */
interface Consumers {
  pause(group: string, holder: 'everywhere'): void;
  resume(group: string, holder: 'everywhere'): void;
}

/** Has the consumers of this process follow the board, for as long as both are there. */
export function pauseGroups(
  board: PauseBoard,
  { groups }: Pick<ResolvedOptions, 'groups'>,
  consumers: Consumers,
): void {
  board.onChange(() => {
    for (const group of groups.keys()) {
      if (board.isPaused(`group:${group}`)) consumers.pause(group, 'everywhere');
      else consumers.resume(group, 'everywhere');
    }
  });
}
