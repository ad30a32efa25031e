import { AsyncLocalStorage } from 'node:async_hooks';
import type { ResolvedOptions } from '../../core/config/resolved-options.js';
import { plainTag } from '../../core/message/plain-tag.js';
import { loadBody } from '../../core/message/body.js';
import { decodeBody } from '../../core/message/decode-body.js';
import type { PublishWatcher } from '../../core/publisher/publisher.js';
import type { TransactionOutcome } from '../../core/publisher/transaction-context.js';
import type { Clock } from '../../core/runtime/clock.js';
import { deferred } from '../../core/runtime/deferred.js';
import type { NewOutboxRow } from '../../core/store/outbox-row.js';
import type { RowState } from '../../core/store/outbox-store.js';

/** A message that was published, and whose transaction was committed. */
export interface PublishedMessage<T = unknown> {
  /** Alias. */
  readonly topic: string;
  /** Without the environment's suffix. */
  readonly tag: string | undefined;
  readonly key: string;
  /** As a handler will get it: encoded by the topic's codec, and decoded again. */
  readonly payload: T;
  readonly headers: Readonly<Record<string, string>>;
  readonly deliverAt: Date | undefined;
  readonly orderingKey: string | undefined;
}

interface Staged {
  readonly messages: readonly { readonly id: string; readonly message: PublishedMessage }[];
  readonly by: object | undefined;
}

/** Keeps what was published, in the order of the commits. */
export class PublishedMessages {
  private committed: { readonly id: string; readonly by: object | undefined; readonly message: PublishedMessage }[] =
    [];
  private readonly open = new Set<Promise<void>>();
  private readonly scope = new AsyncLocalStorage<object>();

  /** @param inspect tells which of these rows are there */
  constructor(
    private readonly options: ResolvedOptions,
    private readonly clock: Clock,
    private readonly inspect: (ids: readonly string[]) => Promise<ReadonlyMap<string, RowState>>,
  ) {}

  readonly watcher: PublishWatcher = (rows) => {
    const { promise, resolve } = deferred<void>();
    this.open.add(promise);
    const staged = {
      messages: rows.map((row) => ({ id: row.id, message: this.toMessage(row) })),
      by: this.scope.getStore(),
    };
    return (outcome, whole) => {
      void this.ended(staged, outcome, whole).finally(() => {
        this.open.delete(promise);
        resolve();
      });
    };
  };

  of(topic: string): PublishedMessage[] {
    return this.committed.filter(({ message }) => message.topic === topic).map(({ message }) => message);
  }

  forget(): void {
    this.committed = [];
  }

  /** Runs `work`, and answers what it has published, of all topics. */
  async during(work: () => Promise<void>): Promise<PublishedMessage[]> {
    const by = {};
    await this.scope.run(by, work);
    return this.committed.filter((one) => one.by === by).map(({ message }) => message);
  }

  private async ended({ messages, by }: Staged, outcome: TransactionOutcome, whole: boolean): Promise<void> {
    if (outcome === 'rolled-back' || outcome === 'left-open') return;
    const added = messages.map(({ id, message }) => ({ id, by, message }));
    this.committed.push(...added);
    if (outcome === 'proven' || (outcome === 'committed' && whole)) return;
    // A savepoint was rolled back, or nobody heard the answer: the database knows.
    const found = await this.inspect(messages.map(({ id }) => id));
    this.committed = this.committed.filter((one) => !added.includes(one) || found.has(one.id));
  }

  private toMessage(row: NewOutboxRow): PublishedMessage {
    const { codec } = this.options.topics.get(row.topicAlias)!;
    const { deliver } = row;
    const at = deliver === null ? undefined : 'at' in deliver ? deliver.at : this.clock.now() + deliver.inMs;
    return {
      topic: row.topicAlias,
      tag: plainTag(row.tag, this.options.tagSuffix) ?? undefined,
      key: row.key,
      payload: decodeBody(codec, loadBody({ payload: row.payload, encoding: row.payloadEncoding })),
      headers: row.headers === null ? {} : (JSON.parse(row.headers) as Record<string, string>),
      deliverAt: at === undefined ? undefined : new Date(at),
      orderingKey: row.orderingKey ?? undefined,
    };
  }
}
