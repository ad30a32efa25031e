import {
  InboxContention,
  type DeliveryTransaction,
  type InboxHolds,
} from '../../../../../libs/mq/src/core/store/delivery-store.js';
import type { ErrorEntry } from '../../../../../libs/mq/src/core/store/error-entry.js';
import type { Clock } from '../../../../../libs/mq/src/core/runtime/clock.js';
import { MemoryDeliveryStore } from '../../../../../libs/mq/src/testing/memory-store/memory-delivery-store.js';
import type { MemoryTransaction } from '../../../../../libs/mq/src/testing/memory-store/memory-transaction.js';

type Step =
  | 'begin'
  | 'enter'
  | 'settle'
  | 'finish'
  | 'commit'
  | 'probe'
  | 'failures'
  | 'recordFailure'
  | 'park'
  | 'settleHandled';

/** The store in memory, with an error at any step that a test asks for, and a log of the steps. */
export class ScriptedDeliveries extends MemoryDeliveryStore {
  /** By `<group id>/<message id>`. What a test puts in is there as if it had been committed earlier. */
  readonly rows = new Map<string, InboxHolds>();
  /** What handlers wrote, in transactions that were committed. */
  readonly effects: string[] = [];
  /** Status rows that were finished: `<message id>/<group>`. */
  readonly settled: string[] = [];
  readonly calls: Step[] = [];
  readonly lockWaits: number[] = [];
  /** Transactions that are open now. */
  open = 0;
  /** What finishing says of a row that is there. */
  finishAnswer = true;
  private readonly digests = new Map<string, number>();
  private readonly faults = new Map<Step, { error: unknown; left: number }>();

  constructor(clock: Clock) {
    super(clock);
  }

  /** Makes the next `times` calls of a step fail. */
  fail(step: Step, { error = new Error(`${step} failed`), times = 1 }: { error?: unknown; times?: number } = {}): void {
    this.faults.set(step, { error, left: times });
  }

  heal(): void {
    this.faults.clear();
  }

  contend(times = 1): void {
    this.fail('enter', { error: new InboxContention('lock timeout'), times });
  }

  /** What a handler does: takes effect if its transaction is committed. */
  write(manager: MemoryTransaction, effect: string): void {
    manager.write(() => this.effects.push(effect));
  }

  override async transact<T>(
    options: { readonly lockWaitMs: number },
    work: (tx: DeliveryTransaction<MemoryTransaction>) => Promise<T>,
  ): Promise<T> {
    this.step('begin');
    this.lockWaits.push(options.lockWaitMs);
    this.open++;
    try {
      return await super.transact(options, async (tx) => {
        const result = await work(this.scripted(tx));
        this.step('commit');
        return result;
      });
    } finally {
      this.open--;
    }
  }

  override async probe(): Promise<void> {
    this.step('probe');
  }

  override async countFailures(groupId: string, messageId: string): Promise<number> {
    this.step('failures');
    return super.countFailures(groupId, messageId);
  }

  override async recordFailure(entry: ErrorEntry): Promise<void> {
    this.step('recordFailure');
    return super.recordFailure(entry);
  }

  override async park(...[entry, options]: Parameters<MemoryDeliveryStore['park']>): Promise<'written' | InboxHolds> {
    this.step('park');
    const key = `${entry.groupId}/${entry.messageId}`;
    const holds = options.inbox ? this.holds(key, options.digest) : undefined;
    if (holds !== undefined && !(holds === 'half-done' && options.halfDone)) return holds;
    const parked = await super.park(entry, options);
    if (options.inbox) this.rows.set(key, 'parked');
    if (options.awaited !== null) this.settled.push(`dead:${options.awaited.id}/${options.awaited.group}`);
    return parked;
  }

  override async settleHandled(...args: Parameters<MemoryDeliveryStore['settleHandled']>): Promise<void> {
    this.step('settleHandled');
    this.settled.push(`${args[0].id}/${args[0].group}`);
    return super.settleHandled(...args);
  }

  private scripted(tx: DeliveryTransaction<MemoryTransaction>): DeliveryTransaction<MemoryTransaction> {
    return {
      handle: tx.handle,
      enterInbox: async (groupId, messageId, token, digest) => {
        this.step('enter');
        const key = `${groupId}/${messageId}`;
        const state = this.holds(key, digest) ?? (await tx.enterInbox(groupId, messageId, token, digest));
        if (state === 'entered') tx.handle.write(() => this.rows.set(key, 'handled'));
        if (state === 'entered' && digest) tx.handle.write(() => this.digests.set(key, digest));
        return state;
      },
      enterInboxAll: async (...args) => {
        this.step('enter');
        return tx.enterInboxAll(...args);
      },
      markAllHandled: (...args) => tx.markAllHandled(...args),
      settleRow: async (awaited, brokerMessageId) => {
        this.step('settle');
        await tx.settleRow(awaited, brokerMessageId);
        tx.handle.write(() => this.settled.push(`${awaited.id}/${awaited.group}`));
      },
      markHandled: async (...args) => {
        this.step('finish');
        return (await tx.markHandled(...args)) && this.finishAnswer;
      },
      sever: () => tx.sever(),
    };
  }

  private holds(key: string, digest: number | null | undefined): InboxHolds | undefined {
    const theirs = this.digests.get(key);
    return theirs && digest && theirs !== digest ? 'other' : this.rows.get(key);
  }

  private step(step: Step): void {
    this.calls.push(step);
    const fault = this.faults.get(step);
    if (!fault || fault.left <= 0) return;
    fault.left--;
    throw fault.error;
  }
}
