import type { Connection } from '../boot/connections.js';
import { decideByIds } from './decide-by-ids.js';

interface Outcome {
  readonly id: string;
  readonly outcome: 'replayed' | 'not-found' | 'not-replayable';
  readonly problem?: string;
}

const CONNECTIONS = ['a', 'b', 'c'].map((connection) => ({ connection }) as Connection);

describe('deciding about ids of several connections', () => {
  const asked: string[] = [];
  const decide = (knows: Record<string, Record<string, Partial<Outcome>>>, ids: string[]) => {
    asked.length = 0;
    return decideByIds<Outcome>(CONNECTIONS, ids, ({ connection }, some) => {
      asked.push(`${connection}: ${some.join(' ')}`);
      return Promise.resolve(some.map((id) => ({ id, outcome: 'not-found', ...knows[connection]?.[id] })));
    });
  };

  it('asks each connection for what no other has, in the order of the ids, each once', async () => {
    const replayed = { outcome: 'replayed' } as const;
    const decided = await decide({ a: { two: replayed }, b: { one: replayed } }, ['one', 'two', 'one', 'none']);
    expect(decided).toEqual([
      { id: 'one', outcome: 'replayed', connection: 'b' },
      { id: 'two', outcome: 'replayed', connection: 'a' },
      { id: 'none', outcome: 'not-found', connection: null },
    ]);
    expect(asked).toEqual(['a: one two none', 'b: one none', 'c: none']);
  });

  it('asks on where one has the row and cannot send it, and tells that if no other can', async () => {
    const cannot = { outcome: 'not-replayable', problem: 'its topic is not configured' } as const;
    const decided = await decide(
      { a: { one: cannot, two: cannot, three: { outcome: 'not-replayable' } }, b: { one: { outcome: 'replayed' } } },
      ['one', 'two', 'three'],
    );
    expect(decided).toEqual([
      { id: 'one', outcome: 'replayed', connection: 'b' },
      { id: 'two', ...cannot, connection: 'a' },
      // Somebody has decided: that is so for every connection.
      { id: 'three', outcome: 'not-replayable', connection: 'a' },
    ]);
    expect(asked).toEqual(['a: one two three', 'b: one two', 'c: two']);
  });
});
