import type { BulkResult } from '../../core/operators/bulk.js';
import type { Connection } from '../boot/connections.js';
import { countUndecided, decideByFilter } from './decide-by-filter.js';
import { REPLAY } from './decision.js';

const NOTHING = { done: 0, failed: [], failedTotal: 0, elsewhere: 0, stopped: false };

describe('deciding about a filter over several connections', () => {
  const asked: object[] = [];
  beforeEach(() => (asked.length = 0));

  function connectionOf(
    connection: string,
    dataSource: object,
    result: Partial<BulkResult>,
    ids: string[] = [],
  ): Connection {
    const replay = (_filter: object, options: { onProgress: (progress: object) => void; max?: number }) => {
      asked.push({ connection, max: options.max });
      ids.forEach((id, i) => options.onProgress({ matched: 0, done: i + 1, failed: 0, id }));
      return Promise.resolve({ ...NOTHING, ...result });
    };
    const admin = { countUndecided: () => Promise.resolve({ count: result.matched }) };
    const runtime = { dataSource, tables: { prefix: 'mq_', schema: null }, admin };
    return { connection, runtime, admin: { replay } } as unknown as Connection;
  }

  const failure = (id: string) => ({ id, outcome: 'not-replayable', problem: 'its topic is not configured' });
  const [one, two] = [{}, {}];
  const a = connectionOf('a', one, { matched: 3, done: 1, failed: [failure('y'), failure('z')], failedTotal: 2 }, [
    'x',
  ]);
  const b = connectionOf('b', one, { matched: 2, done: 1, failed: [failure('z')], failedTotal: 1 }, ['y']);
  const c = connectionOf('c', two, { matched: 1, done: 1 }, ['w']);
  const run = async (connections: Connection[], max?: number) => {
    const [progress, done]: [number[], string[]] = [[], []];
    const results = await decideByFilter(connections, {
      decision: REPLAY,
      filter: {},
      options: { reason: 'x', ...(max !== undefined && { max }) },
      onProgress: (sofar) => progress.push(sofar),
      onDone: ({ connection, id }) => done.push(`${connection.connection} ${id}`),
    });
    return { results, progress, done };
  };

  it('counts tables once, and lets each connection of theirs do what the one before could not', async () => {
    expect(await countUndecided([a, b, c], {})).toBe(4);
    const { results, progress, done } = await run([a, b, c]);
    expect(results).toEqual([
      { ...NOTHING, connection: 'a, b', matched: 3, done: 2, failed: [failure('z')], failedTotal: 1 },
      { ...NOTHING, connection: 'c', matched: 1, done: 1 },
    ]);
    expect(progress).toEqual([1, 2, 3]);
    expect(done).toEqual(['a x', 'b y', 'c w']);
  });

  it('asks nobody for more than the maximum, and the second of some tables only for what is left', async () => {
    await run([c, a, b], 2);
    expect(asked).toEqual([
      { connection: 'c', max: 2 },
      { connection: 'a', max: 1 },
    ]);
    asked.length = 0;
    await run([connectionOf('all', one, { matched: 1, done: 1 }), b]);
    expect(asked).toEqual([{ connection: 'all', max: undefined }]);
  });
});
