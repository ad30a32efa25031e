import { Lanes } from '../core/relay/lanes.js';
import { TypeOrmPauseStore } from '../typeorm/operations/typeorm-pause-store.js';
import type { CheckContext } from './check.js';

/** What this application sends, and what of it is paused, as the tables say: this process may not have asked yet. */
export async function lanesOf({ options, database }: Pick<CheckContext, 'options' | 'database'>): Promise<Lanes> {
  const { pauses } = await new TypeOrmPauseStore(database.own).list(options.connection);
  const paused = new Set(
    pauses.filter(({ paused: isOn, leftMs }) => isOn && (leftMs === null || leftMs > 0)).map(({ topic }) => topic),
  );
  return new Lanes(options, { isTopicPaused: (topic) => paused.has(topic) });
}
