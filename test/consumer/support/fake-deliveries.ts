import {
  InboxContention,
  type DeliveryStore,
  type DeliveryTransaction,
} from '../../../libs/mq/src/core/store/delivery-store.js';
import type { ErrorEntry } from '../../../libs/mq/src/core/store/error-entry.js';

/** What a handler writes through; severed handles refuse. */
export interface FakeHandle {
  write(effect: string): void;
}

type Step =
  'begin' | 'enter' | 'settle' | 'readBack' | 'commit' | 'failures' | 'recordFailure' | 'park' | 'settleHandled';

/** A database in a few maps, with an error for any step that a test asks for, and a log of what was called. */
export class FakeDeliveries implements DeliveryStore<FakeHandle> {
  readonly inbox = new Map<string, 'handled' | 'parked'>();
  readonly effects: string[] = [];
  readonly errors: ErrorEntry[] = [];
  readonly settled: string[] = [];
  readonly calls: string[] = [];
  readonly lockWaits: number[] = [];
  /** Transactions that are open now. */
  open = 0;
  readBackAnswer = true;
  private readonly faults = new Map<Step, { error: unknown; left: number }>();

  readonly bare: FakeHandle = { write: (effect) => void this.effects.push(effect) };

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

  async transact<T>(
    { lockWaitMs }: { readonly lockWaitMs: number },
    work: (tx: DeliveryTransaction<FakeHandle>) => Promise<T>,
  ): Promise<T> {
    this.step('begin');
    this.lockWaits.push(lockWaitMs);
    this.open++;
    const written: string[] = [];
    const rows: [string, 'handled'][] = [];
    const settled: string[] = [];
    let severed = false;
    const handle: FakeHandle = {
      write: (effect) => {
        if (severed) throw new Error('the handle was severed');
        written.push(effect);
      },
    };
    try {
      const result = await work({
        handle,
        enter: (groupId, messageId) => {
          this.step('enter');
          const found = this.inbox.get(`${groupId}/${messageId}`);
          if (!found) rows.push([`${groupId}/${messageId}`, 'handled']);
          return Promise.resolve(found ?? 'entered');
        },
        settle: (messageId, group) => {
          this.step('settle');
          settled.push(`${messageId}/${group}`);
          return Promise.resolve();
        },
        readBack: () => {
          this.step('readBack');
          return Promise.resolve(this.readBackAnswer);
        },
        sever: () => void (severed = true),
      });
      this.step('commit');
      for (const [key, state] of rows) this.inbox.set(key, state);
      this.effects.push(...written);
      this.settled.push(...settled);
      return result;
    } finally {
      this.open--;
    }
  }

  async failures(groupId: string, messageId: string): Promise<number> {
    this.step('failures');
    return this.errors.filter((entry) => entry.groupId === groupId && entry.messageId === messageId).length;
  }

  async recordFailure(entry: ErrorEntry): Promise<void> {
    this.step('recordFailure');
    this.errors.push(entry);
  }

  async park(
    entry: ErrorEntry,
    { inbox, settleGroup }: { readonly inbox: boolean; readonly settleGroup: string | null },
  ): Promise<'parked' | 'superseded'> {
    this.step('park');
    const key = `${entry.groupId}/${entry.messageId}`;
    if (inbox && this.inbox.has(key)) return 'superseded';
    if (inbox) this.inbox.set(key, 'parked');
    if (settleGroup !== null) this.settled.push(`dead:${entry.messageId}/${settleGroup}`);
    this.errors.push(entry);
    return 'parked';
  }

  async settleHandled(messageId: string, settleGroup: string): Promise<void> {
    this.step('settleHandled');
    this.settled.push(`${messageId}/${settleGroup}`);
  }

  private step(step: Step): void {
    this.calls.push(step);
    const fault = this.faults.get(step);
    if (!fault || fault.left <= 0) return;
    fault.left--;
    throw fault.error;
  }
}
