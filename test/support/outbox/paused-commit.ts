import type { DataSource } from 'typeorm';

/**
 * Stops this data source's own transactions before their COMMIT, with all their locks held: what other sessions would
 * meet if the process were slow just there.
 */
export function pauseCommits(dataSource: DataSource): { reached: Promise<void>; resume: () => void } {
  const create = dataSource.createQueryRunner.bind(dataSource);
  const reached = withResolvers<void>();
  const resumed = withResolvers<void>();
  dataSource.createQueryRunner = (mode) => {
    const runner = create(mode);
    const query = runner.query.bind(runner);
    runner.query = (async (sql: string, ...rest: unknown[]) => {
      if (sql === 'COMMIT') {
        reached.resolve();
        await resumed.promise;
      }
      return (query as (...args: unknown[]) => Promise<unknown>)(sql, ...rest);
    }) as typeof runner.query;
    return runner;
  };
  return {
    reached: reached.promise,
    resume() {
      dataSource.createQueryRunner = create;
      resumed.resolve();
    },
  };
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
