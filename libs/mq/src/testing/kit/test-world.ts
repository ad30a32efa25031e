import type { InjectionToken } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DEFAULT_CONNECTION } from '../../nest/tokens.js';
import { isUnfinished } from '../memory-store/memory-outbox-row.js';
import type { TestClock } from './test-clock.js';
import type { TestOutboxStore, TestTransactions } from './test-transactions.js';
import type { UnfinishedRows } from './unsettled.js';

/** What `MqTestingModule` has instead of a database and the system's clock. */
export class TestWorld {
  /** Set when the connection is built. */
  outbox: TestOutboxStore | null = null;

  constructor(
    readonly clock: TestClock,
    readonly transactions: TestTransactions,
  ) {}

  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.transactions.transaction(work);
  }

  readonly unfinishedRows: UnfinishedRows = () => {
    const rows = [...(this.outbox?.rows.values() ?? [])].filter(isUnfinished);
    return Promise.resolve(
      rows.map(({ id, topicAlias, status, dueAt, errorCode }) => ({
        id,
        topic: topicAlias,
        status,
        ...(dueAt !== null && { dueAt: new Date(dueAt) }),
        ...(errorCode !== null && { errorCode }),
      })),
    );
  };
}

/** Token of the {@link TestWorld} of a connection, if it has one. Internal. */
export const getTestWorldToken = (connection: string = DEFAULT_CONNECTION): InjectionToken =>
  `mq:test-world:${connection}`;
