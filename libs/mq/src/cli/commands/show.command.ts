import type { Command } from '../command.js';
import { askAbout } from '../operators/ask-about.js';
import { timelineText } from '../output/timeline-text.js';

export const showCommand: Command = {
  name: 'show',
  summary: 'tells what has happened to a message: outbox, broker, each group, replays, decisions',
  description:
    'Takes the id of a message, of a row that replays it, of an error row, or a key; of a key the newest 20 messages. Times are those of the database.',
  arguments: [{ name: '<id>', description: 'id or key' }],
  examples: ['mq show 0197f1c2-8a30-7cc1-a2f4-5d6e7f809a1b', 'mq show A-1 --json'],
  run: async (context, values) => {
    const id = values['id'] as string;
    const timelines = await askAbout(await context.admins(), id, {
      ask: ({ admin }) => admin.timeline(id),
      isKnown: ({ entries }) => entries.length > 0,
    });
    if (context.json) return context.out.json(timelines);
    timelines.forEach((timeline, i) => {
      if (i > 0) context.out.text();
      for (const line of timelineText(timeline)) context.out.text(line);
    });
    if (timelines.every(({ entries }) => entries.length === 0))
      context.err.line('no table knows it; mq explain tells what can be known all the same');
  },
};
