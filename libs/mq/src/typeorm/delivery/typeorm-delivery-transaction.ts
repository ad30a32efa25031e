import type { EntityManager, QueryRunner } from 'typeorm';
import { type AwaitedRow, InboxContention, type DeliveryTransaction } from '../../core/store/delivery-store.js';
import type { DeliveryDialect } from './delivery-dialect.js';
import type { DeliveryStatements } from './delivery-statements.js';

/** One delivery's transaction, as its handler and the consumer see it. */
export class TypeOrmDeliveryTransaction implements DeliveryTransaction<EntityManager> {
  private readonly runner: QueryRunner;

  constructor(
    readonly handle: EntityManager,
    private readonly dialect: DeliveryDialect,
    private readonly statements: DeliveryStatements,
    readonly sever: () => void,
  ) {
    this.runner = handle.queryRunner!;
  }

  async enter(groupId: string, messageId: string, token: string): Promise<'entered' | 'handled' | 'parked'> {
    try {
      const row = { groupId, messageId, token, state: 'HANDLED' } as const;
      if (await this.dialect.enter(this.runner, this.statements.tables.inbox, row)) return 'entered';
    } catch (error) {
      if (!this.statements.dialect.isContention(error)) throw error;
      throw contention(groupId, messageId, error);
    }
    const state = await this.statements.inboxState(this.runner, groupId, messageId);
    // Gone between the two statements: replayed or pruned. The next delivery finds a clean inbox.
    if (state === null) throw contention(groupId, messageId);
    return state === 'PARKED' ? 'parked' : 'handled';
  }

  settle(awaited: AwaitedRow, brokerMessageId: string): Promise<void> {
    return this.statements.settle(this.runner, awaited, brokerMessageId);
  }

  readBack(groupId: string, messageId: string, token: string): Promise<boolean> {
    return this.statements.holds(this.runner, groupId, messageId, token);
  }
}

function contention(groupId: string, messageId: string, cause?: unknown): InboxContention {
  return new InboxContention(
    `another transaction holds the inbox row of message ${messageId} for group ${groupId}`,
    cause === undefined ? undefined : { cause },
  );
}
