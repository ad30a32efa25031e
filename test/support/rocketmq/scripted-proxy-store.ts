import type {
  AckMessageRequest,
  ChangeInvisibleDurationRequest,
  Message,
  ReceiveMessageRequest,
  SendMessageRequest,
} from './protocol.js';
import { delivered, OK, status } from './scripted-proxy-answers.js';

/** The messages of a scripted proxy, in memory. A lease never ends by itself; each message is in one topic for all groups. */
export class ScriptedStore {
  private readonly waiting = new Map<string, { message: Message; attempt: number }[]>();
  private readonly leased = new Map<string, { topic: string; message: Message; attempt: number }>();
  private readonly watchers = new Set<() => void>();
  private handles = 0;
  private batches = 0;

  /** As Apache's proxy answers (5.5.0): of several one entry, with the id of the batch. */
  send({ messages = [] }: SendMessageRequest): object {
    for (const message of messages) this.put(message);
    const messageId = messages.length > 1 ? `BATCH-${(this.batches += 1)}` : messages[0]?.systemProperties?.messageId;
    return { status: OK, entries: [{ status: OK, messageId }] };
  }

  put(message: Message, attempt = 1): void {
    const topic = message.topic?.name ?? '';
    this.waiting.set(topic, [...(this.waiting.get(topic) ?? []), { message, attempt }]);
    for (const watcher of this.watchers) watcher();
  }

  async *receive(request: ReceiveMessageRequest, signal: AbortSignal): AsyncGenerator<object> {
    const topic = request.messageQueue?.topic?.name ?? '';
    const { seconds = 0, nanos = 0 } = request.longPollingTimeout ?? {};
    await this.arrival(topic, seconds * 1_000 + nanos / 1_000_000, signal);
    const found = signal.aborted ? [] : (this.waiting.get(topic)?.splice(0, request.batchSize) ?? []);
    yield { status: found.length > 0 ? OK : status('MESSAGE_NOT_FOUND', 'no new message') };
    for (const { message, attempt } of found) {
      const handle = `handle-${(this.handles += 1)}`;
      this.leased.set(handle, { topic, message, attempt });
      yield { message: delivered(message, handle, attempt) };
    }
  }

  ack({ entries = [] }: AckMessageRequest): object {
    return {
      status: OK,
      entries: entries.map(({ messageId, receiptHandle = '' }) => ({
        messageId,
        receiptHandle,
        status: this.leased.delete(receiptHandle) ? OK : status('INVALID_RECEIPT_HANDLE', 'receipt handle is expired'),
      })),
    };
  }

  change({ receiptHandle = '', invisibleDuration }: ChangeInvisibleDurationRequest): object {
    const lease = this.leased.get(receiptHandle);
    if (!lease) return { status: status('INVALID_RECEIPT_HANDLE', 'receipt handle is expired') };
    this.leased.delete(receiptHandle);
    const { seconds = 0, nanos = 0 } = invisibleDuration ?? {};
    if (seconds + nanos === 0) {
      this.put(lease.message, lease.attempt + 1);
      return { status: OK, receiptHandle };
    }
    const renewed = `${receiptHandle}+`;
    this.leased.set(renewed, lease);
    return { status: OK, receiptHandle: renewed };
  }

  private arrival(topic: string, waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!signal.aborted && !this.waiting.get(topic)?.length) return;
        done();
      };
      const done = (): void => {
        clearTimeout(late);
        this.watchers.delete(look);
        signal.removeEventListener('abort', look);
        resolve();
      };
      const late = setTimeout(done, waitMs);
      this.watchers.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }
}
