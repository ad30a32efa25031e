import { randomUUID } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import { isA } from '../../core/errors/is-a.js';
import { InboxContention, type InboxHolds, type ParkOptions, Unstorable } from '../../core/store/delivery-store.js';
import type { ErrorEntry } from '../../core/store/error-entry.js';
import type { HeldConnections } from '../store/held-connections.js';
import type { DeliveryDialect } from './delivery-dialect.js';
import type { DeliveryStatements } from './delivery-statements.js';
import { holdsOf } from './inbox-row.js';
import { lastResort } from './last-resort.js';
import { told } from './unstorable.js';

/** Parks deliveries, each in a transaction of its own. */
export class Parking {
  constructor(
    private readonly held: HeldConnections,
    private readonly dialect: DeliveryDialect,
    private readonly statements: DeliveryStatements,
  ) {}

  async park(entry: ErrorEntry, options: ParkOptions): Promise<'written' | InboxHolds> {
    return withLastResort(this.statements, entry, (fitting) =>
      this.held.use((runner) =>
        runner.manager.transaction('READ COMMITTED', () => this.write(runner, fitting, options)),
      ),
    );
  }

  private async write(runner: QueryRunner, entry: ErrorEntry, options: ParkOptions): Promise<'written' | InboxHolds> {
    const held = options.inbox ? await this.take(runner, entry, options) : null;
    if (held !== null) return held;
    await this.statements.insertError(runner, entry);
    if (options.awaited !== null) await this.statements.bury(runner, entry, options.awaited);
    return 'written';
  }

  /** Makes the inbox row a parked one. What is there instead, if that cannot be. */
  private async take(
    runner: QueryRunner,
    { groupId, messageId }: ErrorEntry,
    { digest = null, halfDone = false }: ParkOptions,
  ): Promise<InboxHolds | null> {
    const row = {
      groupId: groupId!,
      messageId: messageId!,
      token: randomUUID(),
      state: 'PARKED',
      digest,
    } as const;
    if (await this.dialect.insert(runner, this.statements.tables.inbox, row)) return null;
    const found = await this.statements.inboxRow(runner, row.groupId, row.messageId);
    const holds = found === null ? null : holdsOf(found, digest);
    if (holds === 'half-done' && halfDone && (await this.statements.parkHalfDone(runner, row))) return null;
    if (holds === null || (holds === 'half-done' && halfDone)) {
      throw new InboxContention(`the inbox row of message ${messageId} for group ${groupId} has just changed`);
    }
    return holds;
  }
}

/** Writes the entry, and if the database refuses a value of it, what is left of it then. */
export async function withLastResort<T>(
  { dialect }: DeliveryStatements,
  entry: ErrorEntry,
  write: (entry: ErrorEntry) => Promise<T>,
): Promise<T> {
  try {
    return await write(entry);
  } catch (error) {
    if (!isA(told(dialect, error), Unstorable)) throw error;
    return write(lastResort(entry));
  }
}
