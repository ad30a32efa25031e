import { randomUUID } from 'node:crypto';
import type { InboxHolds } from 'nestjs-reliable-mq/spi';
import {
  findAmbientTransactions,
  runMqMigrations,
  type TransactionHosts,
  TypeOrmDeliveryStore,
  TypeOrmTransactionContext,
} from 'nestjs-reliable-mq/typeorm';
import type { DataSource, DataSourceOptions, EntityManager } from 'typeorm';
import type { TestDatabase } from '../../support/database.js';
import { connectWithNotes } from './connect-with-notes.js';

export type DeliveryResult = 'entered' | InboxHolds | 'lost';

export interface Delivery {
  readonly messageId?: string;
  readonly token?: string;
  readonly lockWaitMs?: number;
  /** What the consumer does at the timeout. */
  readonly timeoutMs?: number;
}

/** A store, its data source, and the order of steps that a consumer keeps to. */
export class DeliveryBench {
  static async open(
    db: TestDatabase,
    options: Partial<DataSourceOptions> = {},
    hosts: TransactionHosts = () => [],
  ): Promise<DeliveryBench> {
    const dataSource = await connectWithNotes(db, options);
    await runMqMigrations(dataSource);
    return DeliveryBench.on(db, dataSource, hosts);
  }

  /** As an application does that has these hosts among its providers. */
  static async on(
    db: TestDatabase,
    dataSource: DataSource,
    hosts: TransactionHosts = () => [],
  ): Promise<DeliveryBench> {
    const ambient = await findAmbientTransactions(dataSource, hosts);
    return new DeliveryBench(
      db,
      dataSource,
      TypeOrmDeliveryStore.create(dataSource, {}, undefined, ambient),
      new TypeOrmTransactionContext(dataSource, ambient),
    );
  }

  private constructor(
    private readonly db: TestDatabase,
    readonly dataSource: DataSource,
    readonly store: TypeOrmDeliveryStore,
    readonly context: TypeOrmTransactionContext,
  ) {}

  /** Enters, handles, finishes; `lost` when the inbox row is not there any more, and then nothing must be committed. */
  async deliver(
    handler: (manager: EntityManager) => Promise<unknown>,
    { messageId = randomUUID(), token = randomUUID(), lockWaitMs = 5_000, timeoutMs }: Delivery = {},
  ): Promise<DeliveryResult> {
    try {
      return await this.store.transact({ lockWaitMs }, async (tx) => {
        const state = await tx.enterInbox('GID', messageId, token);
        if (state !== 'entered') return state;
        const running = handler(tx.handle);
        await (timeoutMs === undefined ? running : Promise.race([running, cutOff(timeoutMs, () => tx.sever())]));
        if (!(await tx.markHandled('GID', messageId, token))) throw new Lost();
        return state;
      });
    } catch (error) {
      if (error instanceof Lost) return 'lost';
      throw error;
    }
  }

  /** Ids of committed notes. */
  async notes(): Promise<string[]> {
    return (await this.db.query<{ id: string }>('SELECT id FROM note')).map(({ id }) => id);
  }

  async inboxRows(messageId: string): Promise<number> {
    return (await this.db.query(`SELECT 1 FROM mq_inbox WHERE message_id = '${messageId}'`)).length;
  }
}

class Lost extends Error {}

function cutOff(ms: number, sever: () => void): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => {
      sever();
      reject(new Error('handler timeout'));
    }, ms);
  });
}
