import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AwaitedRow, DeliveryStore, DeliveryTransaction, InboxHolds } from '../../core/store/delivery-store.js';
import type { ErrorEntry } from '../../core/store/error-entry.js';
import type { OutboxStatus } from '../../core/store/outbox-row.js';

/** A store under test, and a look past it into its database. */
export interface DeliveryStoreHarness<Handle> {
  readonly store: DeliveryStore<Handle>;
  /** What a handler does: leaves an effect, through the handle that it was given. */
  write(handle: Handle, effect: string): Promise<void>;
  /** Committed effects. */
  effects(): Promise<readonly string[]>;
  /** Puts a status row into the outbox. */
  stage(row: StagedRow): Promise<void>;
  statusOf(id: string): Promise<{ readonly status: OutboxStatus; readonly brokerMessageId: string | null }>;
  /** How many rows of the error table document this message: failures, and parking. */
  errorsOf(messageId: string): Promise<{ readonly failed: number; readonly parked: number }>;
  close?(): Promise<void>;
}

export interface StagedRow {
  readonly id: string;
  readonly status: OutboxStatus;
  readonly settleGroup: string;
  /** Of a replay: the message that it brings back. */
  readonly replayOf?: string;
}

export type DeliveryStoreTest = (title: string, run: (bench: DeliveryStoreBench<unknown>) => Promise<void>) => void;

const PATIENT_MS = 10_000;

interface DeliverOptions {
  readonly lockWaitMs?: number;
  readonly groupId?: string;
  readonly digest?: number;
}

/** A harness with names that nothing else uses. */
export class DeliveryStoreBench<Handle> {
  readonly groupId = `GID_${randomUUID()}`;
  readonly store: DeliveryStore<Handle>;

  constructor(readonly harness: DeliveryStoreHarness<Handle>) {
    this.store = harness.store;
  }

  id(): string {
    return randomUUID();
  }

  /** The row of a message that waits for the group `stock`. */
  awaited(messageId: string): AwaitedRow {
    return { id: messageId, messageId, group: 'stock' };
  }

  /** A delivery as the consumer makes it: enter, handle, finish. Answers what `enter` said. */
  deliver(
    messageId: string,
    handler: (tx: DeliveryTransaction<Handle>) => Promise<unknown> = () => Promise.resolve(),
    { lockWaitMs = PATIENT_MS, groupId = this.groupId, digest }: DeliverOptions = {},
  ): Promise<'entered' | InboxHolds> {
    return this.store.transact({ lockWaitMs }, async (tx) => {
      const token = randomUUID();
      const state = await tx.enterInbox(groupId, messageId, token, digest);
      if (state !== 'entered') return state;
      await handler(tx);
      assert.equal(await tx.markHandled(groupId, messageId, token), true, 'the inbox row is finished');
      return state;
    });
  }

  async write(tx: DeliveryTransaction<Handle>, effect: string): Promise<void> {
    await this.harness.write(tx.handle, effect);
  }

  async has(effect: string): Promise<boolean> {
    return (await this.harness.effects()).includes(effect);
  }

  entry(messageId: string, fields: Partial<ErrorEntry> = {}): ErrorEntry {
    return {
      direction: 'CONSUME',
      messageId,
      topicAlias: 'orders',
      tag: 'created',
      key: 'order-7',
      group: 'stock',
      groupId: this.groupId,
      attempt: 1,
      parked: false,
      errorClass: 'Error',
      errorCode: 'MQ_HANDLER_FAILED',
      message: 'no such sku',
      stack: null,
      payload: null,
      payloadEncoding: null,
      headers: null,
      trace: null,
      correlationId: null,
      causationId: null,
      orderingKey: null,
      brokerMessageId: 'B1',
      publishedAt: 1_700_000_000_000,
      instance: 'conformance',
      ...fields,
    };
  }
}
