import type { EntityManager, QueryRunner } from 'typeorm';
import {
  type AwaitedRow,
  InboxContention,
  type DeliveryTransaction,
  type InboxHolds,
} from '../../core/store/delivery-store.js';
import type { DeliveryDialect } from './delivery-dialect.js';
import type { DeliveryStatements } from './delivery-statements.js';
import { holdsOf } from './inbox-row.js';
import { told } from './unstorable.js';

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

  async enter(
    groupId: string,
    messageId: string,
    token: string,
    digest: number | null = null,
  ): Promise<'entered' | InboxHolds> {
    const { dialect, tables } = this.statements;
    try {
      const row = { groupId, messageId, token, digest, state: 'STARTED' } as const;
      if (await this.dialect.enter(this.runner, tables.inbox, row)) return 'entered';
    } catch (error) {
      if (dialect.isContention(error)) throw contention(groupId, messageId, error);
      throw told(dialect, error);
    }
    const found = await this.statements.inboxRow(this.runner, groupId, messageId);
    // Gone between the two statements: replayed or pruned. The next delivery finds a clean inbox.
    if (found === null) throw contention(groupId, messageId);
    return holdsOf(found, digest);
  }

  settle(awaited: AwaitedRow, brokerMessageId: string): Promise<void> {
    return this.statements.settle(this.runner, awaited, brokerMessageId);
  }

  finish(groupId: string, messageId: string, token: string): Promise<boolean> {
    return this.statements.finish(this.runner, groupId, messageId, token);
  }
}

function contention(groupId: string, messageId: string, cause?: unknown): InboxContention {
  return new InboxContention(
    `another transaction holds the inbox row of message ${messageId} for group ${groupId}`,
    cause === undefined ? undefined : { cause },
  );
}
