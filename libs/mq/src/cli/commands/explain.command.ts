import type { Command } from '../command.js';
import { askAbout } from '../operators/ask-about.js';
import { explanationText } from '../output/explanation-text.js';

export const explainCommand: Command = {
  name: 'explain',
  summary: 'says where a message is, why, what happens next, and what to do',
  description:
    'From what the tables know; the broker is not asked. Takes the id of a message, of a row that replays it, of an error row, or a key; of a key the newest 20 messages. What no table knows is a state, too: unknown.',
  arguments: [{ name: '<id>', description: 'id or key' }],
  examples: ['mq explain 0197f1c2-8a30-7cc1-a2f4-5d6e7f809a1b', 'mq explain A-1 --json'],
  run: async (context, values) => {
    const id = values['id'] as string;
    const explanations = await askAbout(await context.admins(), id, {
      ask: ({ admin }) => admin.explain(id),
      isKnown: ({ state }) => state !== 'unknown',
    });
    if (context.json) return context.out.json(explanations);
    const now = new Date(context.clock.now());
    explanations.forEach((explanation, i) => {
      if (i > 0) context.out.text();
      for (const line of explanationText(explanation, now)) context.out.text(line);
    });
  },
};
