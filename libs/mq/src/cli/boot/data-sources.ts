import { DataSource } from 'typeorm';
import { describeError } from '../../core/errors/describe-error.js';
import { Deadline } from '../../core/runtime/deadline.js';
import { systemClock } from '../../core/runtime/system-clock.js';

/** A database that takes connections and never answers has no connection for anybody. */
const ANSWER_MS = 10_000;

/**
 * What a command wants of the databases of the application: `needed`, as ever; `wanted`, to boot on without those that are away;
 * `unused`, to boot without asking any.
 */
export type DatabaseNeed = 'needed' | 'wanted' | 'unused';

/**
 * Watches how data sources begin while an application boots. They belong to the application, which begins them in a module that is not
 * ours, and gives up on all of its boot when it cannot; so their `initialize` is another one for that time.
 */
export class DataSources {
  private readonly problems = new Map<unknown, string>();

  constructor(private readonly need: DatabaseNeed) {}

  /** Why this one gives no connection; `undefined` when it does. */
  problemOf(dataSource: unknown): string | undefined {
    return this.problems.get(dataSource);
  }

  /** Of the first one that gives none. */
  get problem(): string | undefined {
    return [...this.problems.values()][0];
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    const { initialize } = DataSource.prototype;
    const begin = (dataSource: DataSource): Promise<DataSource> => this.begin(dataSource, initialize);
    DataSource.prototype.initialize = function (this: DataSource) {
      return begin(this);
    };
    try {
      return await work();
    } finally {
      DataSource.prototype.initialize = initialize;
    }
  }

  private async begin(dataSource: DataSource, initialize: () => Promise<DataSource>): Promise<DataSource> {
    if (this.need === 'unused') return dataSource;
    try {
      const beginning = initialize.call(dataSource);
      if (this.need === 'needed' || (await Deadline.in(systemClock, ANSWER_MS).covers(beginning)))
        return await beginning;
      this.problems.set(dataSource, `no answer within ${ANSWER_MS} ms`);
    } catch (error) {
      this.problems.set(dataSource, describeError(error).message);
      if (this.need === 'needed') throw error;
    }
    return dataSource;
  }
}
