import type { Connection } from '../boot/connections.js';
import { tableSets } from './table-sets.js';

interface About {
  readonly messageId: string;
}

interface Question<T extends About> {
  ask(connection: Connection): Promise<readonly T[]>;
  /** Whether the tables had anything to say. */
  isKnown(answer: T): boolean;
}

/**
 * What the tables of all connections say about an id or a key: it does not say in which of them its message is. Where none
 * knows it, what the first has to say about that.
 */
export async function askAbout<T extends About>(
  connections: readonly Connection[],
  idOrKey: string,
  { ask, isKnown }: Question<T>,
): Promise<(T & { readonly connection: string })[]> {
  const answers = [];
  for (const set of tableSets(connections)) {
    const ownerOf = await ownersIn(set, idOrKey);
    for (const connection of set) {
      for (const answer of await ask(connection)) {
        if (ownerOf(answer.messageId) === connection) answers.push({ connection: connection.connection, ...answer });
      }
    }
  }
  const known = answers.filter(isKnown);
  return known.length > 0 ? known : answers.slice(0, 1);
}

/** Of connections that share tables the one that configures the message's topic: it knows which groups are to handle it. */
async function ownersIn(set: readonly Connection[], idOrKey: string): Promise<(messageId: string) => Connection> {
  const [first, ...others] = set;
  if (others.length === 0) return () => first!;
  const topics = new Map((await first!.admin.timeline(idOrKey)).map(({ messageId, topic }) => [messageId, topic]));
  return (messageId) => set.find(({ runtime }) => runtime.options.topics.has(topics.get(messageId) ?? '')) ?? first!;
}
