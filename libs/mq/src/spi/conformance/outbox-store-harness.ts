import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ErrorEntry } from '../../core/store/error-entry.js';
import { orderKeyOf } from '../../core/store/order-key.js';
import type { LeaseRef, LeaseRequest, LeasedRow, NewOutboxRow } from '../../core/store/outbox-row.js';
import type { ClaimRequest, Lane, OutboxStore, RowState } from '../../core/store/outbox-store.js';

/** A store with empty tables, and what a test does to it from outside. */
export interface OutboxStoreHarness<Tx> {
  readonly store: OutboxStore<Tx>;
  /** A transaction of an application. */
  begin(): Promise<OpenTransaction<Tx>>;
  /** Lets time pass for the store: moves its clock on, or everything that it has written back. */
  advance(ms: number): Promise<void>;
  /** What a group does that handles a message: finishes the status row that waits for it. */
  settle(messageId: string, settleGroup: string, brokerMessageId: string): Promise<void>;
  /** Error rows of this message, oldest first. */
  errors(messageId: string): Promise<readonly { readonly parked: boolean; readonly errorCode: string }[]>;
  /** What a replay does to the error rows of a message. */
  resolveErrors(messageId: string): Promise<void>;
  close?(): Promise<void>;
}

export interface OpenTransaction<Tx> {
  readonly tx: Tx;
  commit(): Promise<void>;
  rollBack(): Promise<void>;
}

export type OutboxStoreTest = (title: string, run: (bench: OutboxStoreBench<unknown>) => Promise<void>) => void;

/** That of `row()`. */
export const LANE: Lane = { connection: 'default', broker: 'memory', topic: 'shop_orders' };
const NO_LIMIT = Number.MAX_SAFE_INTEGER;
const LEASE_MS = 30_000;

/** Short words for what every test of a store does. */
export class OutboxStoreBench<Tx> {
  readonly store: OutboxStore<Tx>;

  constructor(readonly harness: OutboxStoreHarness<Tx>) {
    this.store = harness.store;
  }

  row(fields: Partial<NewOutboxRow> = {}): NewOutboxRow {
    const id = fields.id ?? randomUUID();
    return {
      id,
      topicAlias: 'orders',
      ...LANE,
      instanceId: null,
      tag: 'created',
      key: id,
      orderingKey: null,
      orderKey: null,
      payload: '{"sku":"a"}',
      payloadEncoding: null,
      payloadBytes: Buffer.byteLength(fields.payload ?? '{"sku":"a"}'),
      headers: null,
      settleGroup: null,
      settleWithinMs: null,
      maxAttempts: 10,
      replayOf: null,
      targetGroup: null,
      trace: null,
      correlationId: null,
      causationId: null,
      deliver: null,
      leased: false,
      horizonMs: 0,
      ...fields,
    };
  }

  /** A row that stands in line with all rows of this ordering key. */
  ordered(orderingKey: string, fields: Partial<NewOutboxRow> = {}): NewOutboxRow {
    return this.row({ orderingKey, orderKey: orderKeyOf('orders', orderingKey), ...fields });
  }

  lease(ms = LEASE_MS): LeaseRequest {
    return { token: randomUUID(), owner: 'conformance', ms };
  }

  /** Publishes in a transaction that commits. Answers the ids. */
  async publish(rows: readonly NewOutboxRow[], lease = this.lease()): Promise<string[]> {
    const transaction = await this.harness.begin();
    await this.store.stage(transaction.tx, rows, lease);
    await transaction.commit();
    return rows.map((row) => row.id);
  }

  async claim(limit = 100, lease = this.lease(), request: Partial<ClaimRequest> = {}): Promise<LeasedRow[]> {
    return (await this.store.claim({ lanes: [LANE], bytes: NO_LIMIT, limit, lease, ...request })).rows;
  }

  promote(orderKeys: readonly string[], lease = this.lease()): Promise<LeasedRow[]> {
    return this.store.promote(orderKeys, lease, NO_LIMIT);
  }

  /** Publishes rows and claims all of them, in the order given. */
  async leased(...rows: NewOutboxRow[]): Promise<LeasedRow[]> {
    await this.publish(rows);
    const claimed = new Map((await this.claim(rows.length)).map((row) => [row.id, row]));
    assert.equal(claimed.size, rows.length, 'all rows were claimed');
    return rows.map((row) => claimed.get(row.id)!);
  }

  async state(id: string): Promise<RowState> {
    const state = (await this.store.inspect([id])).get(id);
    assert.ok(state, 'the row exists');
    return state;
  }

  async status(id: string): Promise<string | undefined> {
    return (await this.store.inspect([id])).get(id)?.status;
  }

  error(messageId: string, fields: Partial<ErrorEntry> = {}): ErrorEntry {
    return {
      direction: 'PRODUCE',
      messageId,
      topicAlias: 'orders',
      tag: 'created',
      key: 'order-7',
      group: null,
      groupId: null,
      attempt: 1,
      parked: true,
      errorClass: 'MqError',
      errorCode: 'MQ_BROKER_REJECTED',
      message: 'no such topic',
      stack: null,
      payload: '{}',
      payloadEncoding: null,
      headers: null,
      trace: null,
      correlationId: null,
      causationId: null,
      orderingKey: null,
      brokerMessageId: null,
      publishedAt: null,
      instance: 'conformance',
      ...fields,
    };
  }
}

export function refOf(row: LeasedRow): LeaseRef {
  return { id: row.id, token: row.leaseToken };
}
