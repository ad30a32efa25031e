import { oneLine } from '../../../core/runtime/one-line.js';
import type { Command } from '../../command.js';
import { errorGroups, type FoundGroup } from '../../operators/error-groups.js';
import { durationText, instantText } from '../../output/duration-text.js';
import { UsageError } from '../../usage-error.js';

const NEWEST = 20;
/** As many as are asked for at once at most. */
const ALL_GROUPS = 1_000;

export const showCommand: Command = {
  name: 'show',
  summary: 'shows one group of equal errors, and the newest messages that are parked with it',
  arguments: [{ name: '<group>', description: 'id of an error group, as `mq errors` lists it' }],
  examples: ['mq errors show 47bfd68c74de', 'mq errors show 47bfd68c74de --json'],
  run: async (context, values) => {
    const id = values['group'] as string;
    const connections = await context.admins();
    const group = (await errorGroups(connections, { limit: ALL_GROUPS })).find((each) => each.id === id);
    if (!group) throw new UsageError(`there is no error group "${id}"; mq errors lists them`);
    const { admin } = connections.find(({ connection }) => connection === group.connection)!;
    const messages = await admin.find({ errorGroup: id, limit: NEWEST });
    if (context.json) return context.out.json({ ...group, messages });
    const now = new Date(context.clock.now());
    for (const line of linesOf(group, now)) context.out.text(oneLine(line));
    context.out.text();
    context.out.table(
      messages.map(({ createdAt, ...message }) => ({
        ...message,
        age: durationText(Math.max(0, now.getTime() - createdAt.getTime())),
      })),
      ['id', 'status', 'key', 'age', 'errorMessage', 'resolution'].map((key) => ({
        key,
        whole: key === 'id',
        ...(key === 'errorMessage' && { title: 'error' }),
      })),
    );
  },
};

function linesOf(group: FoundGroup, now: Date): string[] {
  const { id, topic, code, errorClass, message, count, open, decided, firstAt, lastAt, countedSince } = group;
  const at = group.group === undefined ? `topic ${topic || '-'}` : `topic ${topic}, group ${group.group}`;
  return [
    `${id}  ${code} (${errorClass}), ${at}`,
    `  ${message}`,
    `  messages  ${count}: ${open} wait for a decision, ${decided.replayed} replayed, ${decided.discarded} discarded`,
    `  first     ${instantText(firstAt, now)}`,
    `  last      ${instantText(lastAt, now)}`,
    ...(countedSince === null ? [] : [`  counted   since ${instantText(countedSince, now)}; there are older ones`]),
  ];
}
