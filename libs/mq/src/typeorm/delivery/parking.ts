import { randomUUID } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import { isA } from '../../core/errors/is-a.js';
import { InboxContention, type InboxHolds, type ParkOptions, Unstorable } from '../../core/store/delivery-store.js';
import type { ErrorEntry } from '../../core/store/error-entry.js';
import type { HeldConnections } from '../connection/held-connections.js';
import type { DeliveryStatements } from './delivery-statements.js';
import { holdsOf } from './inbox-row.js';
import { asciiOnly } from './ascii-only.js';
import { asUnstorable } from './as-unstorable.js';

/** Parks deliveries, each in a transaction of its own. */
export class Parking {
  constructor(
    private readonly held: HeldConnections,
    private readonly statements: DeliveryStatements,
  ) {}

  async park(entry: ErrorEntry, options: ParkOptions): Promise<'written' | InboxHolds> {
    return withAsciiFallback(this.statements, entry, (fitting) =>
      this.held.use((runner) =>
        runner.manager.transaction('READ COMMITTED', () => this.write(runner, fitting, options)),
      ),
    );
  }

  private async write(runner: QueryRunner, entry: ErrorEntry, options: ParkOptions): Promise<'written' | InboxHolds> {
    const held = options.inbox ? await this.takeInboxRow(runner, entry, options) : null;
    if (held !== null) return held;
    await this.statements.insertError(runner, entry);
    if (options.awaited !== null) await this.statements.markDead(runner, entry, options.awaited);
    return 'written';
  }

  /** Makes the inbox row a parked one, `null` when it did; else answers what the row holds. */
  private async takeInboxRow(
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
    if (await this.statements.insertInboxRow(runner, row)) return null;
    const found = await this.statements.inboxRow(runner, row.groupId, row.messageId);
    const holds = found === null ? null : holdsOf(found, digest);
    if (holds === 'half-done' && halfDone && (await this.statements.parkHalfDone(runner, row))) return null;
    if (holds === null || (holds === 'half-done' && halfDone)) {
      throw new InboxContention(`the inbox row of message ${messageId} for group ${groupId} has just changed`);
    }
    return holds;
  }
}

/** Writes the entry; if the database refuses a value of it, writes it with ASCII only. */
export async function withAsciiFallback<T>(
  { dialect }: DeliveryStatements,
  entry: ErrorEntry,
  write: (entry: ErrorEntry) => Promise<T>,
): Promise<T> {
  try {
    return await write(entry);
  } catch (error) {
    if (!isA(asUnstorable(dialect, error), Unstorable)) throw error;
    return write(asciiOnly(entry));
  }
}
