import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import type { Clock } from '../../core/runtime/clock.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import {
  type AwaitedRow,
  type CopyReason,
  type DeliveryStore,
  type DeliveryTransaction,
  type InboxHolds,
  type ParkOptions,
  TransactionLost,
  TransactionUndone,
} from '../../core/store/delivery-store.js';
import type { ErrorEntry } from '../../core/store/error-entry.js';
import { TransactionStarts } from '../connection/transaction-starts.js';
import { detectDialect } from '../databases/detect-dialect.js';
import { HeldConnections } from '../connection/held-connections.js';
import { tableNames, type MqTables } from '../sql/table-names.js';
import type { AmbientTransactions } from '../transaction/ambient-transactions.js';
import { deliveryScope } from '../transaction/delivery-scope.js';
import { EnteredRows } from './entered-rows.js';
import type { Entered } from './inbox-row.js';
import { DeliverySession } from './delivery-session.js';
import { DeliveryStatements } from './delivery-statements.js';
import { Parking, withAsciiFallback } from './parking.js';
import { TypeOrmDeliveryTransaction } from './typeorm-delivery-transaction.js';

interface Parts {
  readonly dataSource: DataSource;
  readonly ambient: readonly AmbientTransactions[];
  readonly statements: DeliveryStatements;
  readonly clock: Clock;
  readonly held: HeldConnections;
}

/**
 * Runs deliveries in transactions of a TypeORM data source.
 *
 * A delivery's transaction has the isolation level that the data source says: it is the user's transaction. It is
 * begun by the ambient library that manages the data source, so that the decorated services which a handler
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
      statements: new DeliveryStatements(dialect, tableNames(dataSource, dialect, tables)),
      clock,
      held,
    });
  }

  private readonly parking: Parking;

  private constructor(private readonly parts: Parts) {
    this.parking = new Parking(parts.held, parts.statements);
  }

  get handleWithoutTransaction(): EntityManager {
    return this.parts.dataSource.manager;
  }

  transact<T>(
    { lockWaitMs }: { readonly lockWaitMs: number },
    work: (tx: DeliveryTransaction<EntityManager>) => Promise<T>,
  ): Promise<T> {
    const { isConnectionLost } = this.parts.statements.dialect;
    return new Promise<T>((resolve, reject) => {
      let session: DeliverySession | null = null;
      let entered: EnteredRows | null = null;
      let committing = false;
      const run = async (manager: EntityManager): Promise<T> => {
        [session, entered] = await this.session(manager.queryRunner!, lockWaitMs);
        try {
          await session.begin();
          const statements = this.parts.statements;
          const result = await this.handle(manager, session, (sever) =>
            work(new TypeOrmDeliveryTransaction(manager, statements, entered!, lockWaitMs, sever)),
          );
          committing = true;
          return result;
        } catch (error) {
          await session.abandon();
          if (!session.severed) throw session.lost ? transactionLost(error) : error;
          // The code that was cut off may still run, in the async context of the ambient library. That context must keep
          // the ended transaction: if the library learned of the end, its repositories would fall back to autocommit. So
          // the library waits for a promise that never resolves and that nothing refers to.
          reject(error);
          return new Promise<never>(() => {});
        }
      };
      this.inTransaction(run).then(
        (result) => {
          if (session?.leftOpen) reject(leftOpen());
          else if (entered?.unproven) this.readBack(entered.unproven).then(() => resolve(result), reject);
          else resolve(result);
        },
        (error: unknown) =>
          reject(committing && (isConnectionLost(error) || session?.lost) ? transactionLost(error) : error),
      );
    });
  }

  async probe(): Promise<void> {
    await this.parts.held.use((runner) => this.parts.statements.probe(runner));
  }

  async countFailures(groupId: string, messageId: string): Promise<number> {
    return this.parts.held.use((runner) => this.parts.statements.countFailures(runner, groupId, messageId));
  }

  async recordFailure(entry: ErrorEntry): Promise<void> {
    const { statements } = this.parts;
    await withAsciiFallback(statements, entry, (fitting) =>
      this.parts.held.use((runner) => statements.insertError(runner, fitting)),
    );
  }

  async countCopy(groupId: string, messageId: string, reason: CopyReason): Promise<void> {
    await this.parts.held.use((runner) => this.parts.statements.countCopy(runner, groupId, messageId, reason));
  }

  async settleHandled(awaited: AwaitedRow, brokerMessageId: string): Promise<void> {
    await this.parts.held.use((runner) => this.parts.statements.settleRow(runner, awaited, brokerMessageId));
  }

  park(entry: ErrorEntry, options: ParkOptions): Promise<'written' | InboxHolds> {
    return this.parking.park(entry, options);
  }

  private inTransaction<T>(run: (manager: EntityManager) => Promise<T>): Promise<T> {
    const { ambient, dataSource, held } = this.parts;
    const library = ambient.find((candidate) => candidate.manages());
    // Both are on the list of held connections from before BEGIN is sent.
    return library
      ? TransactionStarts.of(dataSource).open(held, () => library.open(() => run(library.current()!)))
      : held.use((runner) => runner.manager.transaction(run));
  }

  private async session(runner: QueryRunner, lockWaitMs: number): Promise<[DeliverySession, EnteredRows]> {
    const { clock, held, statements } = this.parts;
    const { dialect } = statements;
    const connection = await dialect.connectionOf(runner);
    const raw = (await runner.connect()) as object;
    const settings = dialect.delivery.settings(lockWaitMs, raw);
    const forget = (): void => held.forget(runner);
    const watch = dialect.watch(raw);
    const entered = new EnteredRows(connection, watch, (rows) => statements.startedAgain(rows).render(dialect));
    const { isConnectionLost } = dialect;
    return [new DeliverySession(runner, connection, settings, clock, isConnectionLost, entered, forget), entered];
  }

  /** Looks where the driver has not heard enough. @throws {TransactionUndone}, and {@link TransactionLost} when nobody could look */
  private async readBack(rows: Entered): Promise<void> {
    const { held, statements } = this.parts;
    const read = held.use((runner) => statements.areHandled(runner, rows));
    const areThere = await read.catch((error: unknown) => Promise.reject(transactionLost(error)));
    if (!areThere) throw new TransactionUndone('COMMIT was a rollback: the inbox rows of the delivery are not there');
  }

  private async handle<T>(
    manager: EntityManager,
    session: DeliverySession,
    work: (sever: () => void) => Promise<T>,
  ): Promise<T> {
    const scope = { manager, ended: false, cutOff: false };
    const sever = (): void => {
      scope.cutOff = !scope.ended;
      scope.ended = true;
      session.sever();
    };
    try {
      const result = await deliveryScope.run(scope, () => work(sever));
      if (session.severed) throw severed();
      return result;
    } finally {
      scope.ended = true;
    }
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
