import type { EntityManager, QueryRunner } from 'typeorm';
import {
  type AwaitedRow,
  InboxContention,
  type DeliveryTransaction,
  type InboxHolds,
} from '../../core/store/delivery-store.js';
import type { EnteredRows } from './entered-rows.js';
import type { DeliveryStatements } from './delivery-statements.js';
import { holdsOf } from './inbox-row.js';
import { asUnstorable } from './as-unstorable.js';

/** One delivery's transaction, as its handler and the consumer see it. */
export class TypeOrmDeliveryTransaction implements DeliveryTransaction<EntityManager> {
  private readonly runner: QueryRunner;

  constructor(
    readonly handle: EntityManager,
    private readonly statements: DeliveryStatements,
    private readonly entered: EnteredRows,
    private readonly lockWaitMs: number,
    readonly sever: () => void,
  ) {
    this.runner = handle.queryRunner!;
  }

  async enterInbox(
    groupId: string,
    messageId: string,
    token: string,
    digest: number | null = null,
  ): Promise<'entered' | InboxHolds> {
    const { dialect } = this.statements;
    try {
      const row = { groupId, messageId, token, digest, state: 'HANDLED' } as const;
      if (await this.statements.enterInbox(this.runner, row, this.lockWaitMs)) {
        this.entered.begin({ groupId, messageIds: [messageId], token });
        return 'entered';
      }
    } catch (error) {
      if (dialect.isContention(error)) throw contention(groupId, messageId, error);
      throw asUnstorable(dialect, error);
    }
    const found = await this.statements.inboxRow(this.runner, groupId, messageId);
    // Gone between the two statements: replayed or pruned. The next delivery finds a clean inbox.
    if (found === null) throw contention(groupId, messageId);
    return holdsOf(found, digest);
  }

  async enterInboxAll(
    groupId: string,
    rows: readonly { readonly messageId: string; readonly digest: number | null }[],
    token: string,
  ): Promise<ReadonlySet<string>> {
    const { dialect } = this.statements;
    try {
      const all = rows.map(({ messageId, digest }) => ({
        groupId,
        messageId,
        token,
        digest,
        state: 'HANDLED' as const,
      }));
      const ids = await this.statements.enterInboxAll(this.runner, all, this.lockWaitMs);
      if (ids.size > 0) this.entered.begin({ groupId, messageIds: [...ids], token });
      return ids;
    } catch (error) {
      if (dialect.isContention(error)) throw contention(groupId, rows[0]!.messageId, error);
      throw asUnstorable(dialect, error);
    }
  }

  settleRow(awaited: AwaitedRow, brokerMessageId: string): Promise<void> {
    return this.statements.settleRow(this.runner, awaited, brokerMessageId);
  }

  markHandled(groupId: string, messageId: string, token: string): Promise<boolean> {
    return this.markAllHandled(groupId, [messageId], token);
  }

  async markAllHandled(groupId: string, messageIds: readonly string[], token: string): Promise<boolean> {
    const rows = { groupId, messageIds, token };
    return this.entered.trust(rows) || this.statements.markHandled(this.runner, rows);
  }
}

function contention(groupId: string, messageId: string, cause?: unknown): InboxContention {
  return new InboxContention(
    `another transaction holds the inbox row of message ${messageId} for group ${groupId}`,
    cause === undefined ? undefined : { cause },
  );
}
