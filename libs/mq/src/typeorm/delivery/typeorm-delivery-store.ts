import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import type { Clock } from '../../core/runtime/clock.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import {
  type AwaitedRow,
  type DeliveryStore,
  type DeliveryTransaction,
  type InboxHolds,
  type ParkOptions,
  TransactionLost,
} from '../../core/store/delivery-store.js';
import type { ErrorEntry } from '../../core/store/error-entry.js';
import { TransactionStarts } from '../connection/transaction-starts.js';
import { detectDialect } from '../dialects/detect-dialect.js';
import { HeldConnections } from '../store/held-connections.js';
import { tableNames, type MqTables } from '../table-names.js';
import type { AmbientTransactions } from '../transaction/ambient-transactions.js';
import { deliveryScope } from '../transaction/delivery-scope.js';
import { deliveryDialectOf } from './delivery-dialect-of.js';
import type { DeliveryDialect } from './delivery-dialect.js';
import { DeliverySession } from './delivery-session.js';
import { DeliveryStatements } from './delivery-statements.js';
import { Parking, withLastResort } from './parking.js';
import { TypeOrmDeliveryTransaction } from './typeorm-delivery-transaction.js';

interface Parts {
  readonly dataSource: DataSource;
  readonly ambient: readonly AmbientTransactions[];
  readonly dialect: DeliveryDialect;
  readonly statements: DeliveryStatements;
  readonly clock: Clock;
  readonly held: HeldConnections;
}

/**
 * Deliveries on a TypeORM data source.
 *
 * A delivery's transaction has the isolation level that the data source says: it is the user's transaction. It is
 * opened by the ambient library that has the data source in its care, so that the decorated services which a handler
 * calls work in it, and by the data source itself otherwise.
 */
export class TypeOrmDeliveryStore implements DeliveryStore<EntityManager> {
  static create(
    dataSource: DataSource,
    tables: MqTables = {},
    held: HeldConnections = new HeldConnections(dataSource),
    ambient: readonly AmbientTransactions[] = [],
    clock: Clock = systemClock,
  ): TypeOrmDeliveryStore {
    const dialect = detectDialect(dataSource);
    return new TypeOrmDeliveryStore({
      dataSource,
      ambient,
      dialect: deliveryDialectOf(dialect),
      statements: new DeliveryStatements(dialect, tableNames(dataSource, dialect, tables)),
      clock,
      held,
    });
  }

  private readonly parking: Parking;

  private constructor(private readonly parts: Parts) {
    this.parking = new Parking(parts.held, parts.dialect, parts.statements);
  }

  get bare(): EntityManager {
    return this.parts.dataSource.manager;
  }

  transact<T>(
    { lockWaitMs }: { readonly lockWaitMs: number },
    work: (tx: DeliveryTransaction<EntityManager>) => Promise<T>,
  ): Promise<T> {
    const { isConnectionLost } = this.parts.statements.dialect;
    return new Promise<T>((resolve, reject) => {
      let session: DeliverySession | null = null;
      let committing = false;
      const run = async (manager: EntityManager): Promise<T> => {
        session = await this.session(manager.queryRunner!, lockWaitMs);
        try {
          await session.begin();
          const result = await this.handle(manager, session, work);
          committing = true;
          return result;
        } catch (error) {
          await session.abandon();
          if (!session.severed) throw session.lost ? transactionLost(error) : error;
          // The code that was cut off may still run, in the async context of the ambient library. That context must
          // go on to hold the dead transaction: were the library told of the end, its repositories would fall back to
          // autocommit. So it is left waiting, for a promise that nothing refers to.
          reject(error);
          return new Promise<never>(() => {});
        }
      };
      this.open(run).then(
        (result) => {
          if (session?.leftOpen) reject(leftOpen());
          else resolve(result);
        },
        (error: unknown) =>
          reject(committing && (isConnectionLost(error) || session?.lost) ? transactionLost(error) : error),
      );
    });
  }

  async probe(): Promise<void> {
    await this.statement((runner) => this.parts.statements.probe(runner));
  }

  async failures(groupId: string, messageId: string): Promise<number> {
    return this.statement((runner) => this.parts.statements.failures(runner, groupId, messageId));
  }

  async recordFailure(entry: ErrorEntry): Promise<void> {
    const { statements } = this.parts;
    await withLastResort(statements, entry, (fitting) =>
      this.statement((runner) => statements.insertError(runner, fitting)),
    );
  }

  async settleHandled(awaited: AwaitedRow, brokerMessageId: string): Promise<void> {
    await this.statement((runner) => this.parts.statements.settle(runner, awaited, brokerMessageId));
  }

  park(entry: ErrorEntry, options: ParkOptions): Promise<'written' | InboxHolds> {
    return this.parking.park(entry, options);
  }

  private open<T>(run: (manager: EntityManager) => Promise<T>): Promise<T> {
    const library = this.parts.ambient.find((candidate) => candidate.manages());
    // On a query runner of our own where we may choose, so that it is known before BEGIN is answered.
    return library
      ? TransactionStarts.of(this.parts.dataSource).open(() => library.open(() => run(library.current()!)))
      : this.parts.held.use((runner) => runner.manager.transaction(run));
  }

  private async session(runner: QueryRunner, lockWaitMs: number): Promise<DeliverySession> {
    const { dialect, clock, held, statements } = this.parts;
    const connection = await dialect.connectionOf(runner);
    held.watch(runner, connection);
    const { isConnectionLost } = statements.dialect;
    const forget = (): void => held.forget(runner);
    return new DeliverySession(runner, connection, dialect.settings(lockWaitMs), clock, isConnectionLost, forget);
  }

  private async handle<T>(
    manager: EntityManager,
    session: DeliverySession,
    work: (tx: DeliveryTransaction<EntityManager>) => Promise<T>,
  ): Promise<T> {
    const scope = { manager, ended: false, cutOff: false };
    const sever = (): void => {
      scope.cutOff = !scope.ended;
      scope.ended = true;
      session.sever();
    };
    const tx = new TypeOrmDeliveryTransaction(manager, this.parts.dialect, this.parts.statements, sever);
    try {
      const result = await deliveryScope.run(scope, () => work(tx));
      if (session.severed) throw severed();
      return result;
    } finally {
      scope.ended = true;
    }
  }

  /** One statement on a connection of its own, committed by itself. */
  private statement<T>(run: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.parts.held.use(run);
  }
}

function transactionLost(cause: unknown): TransactionLost {
  return new TransactionLost('the connection of the delivery broke', { cause });
}

function leftOpen(): MqError {
  return new MqError(
    'MQ_HANDLER_FAILED',
    'The handler of a delivery began a nested transaction and never ended it, so COMMIT ended the nested one only. ' +
      'Everything was rolled back. End what startTransaction() begins, or use manager.transaction().',
    { retryable: true },
  );
}

function severed(): MqError {
  return new MqError(
    'MQ_HANDLER_TIMEOUT',
    'A delivery ended after it had been cut off from its transaction, so nothing of it counts.',
    { retryable: true },
  );
}
