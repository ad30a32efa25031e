import assert from 'node:assert/strict';
import { systemClock } from '../../core/runtime/system-clock.js';
import { TransportError, type TransportErrorKind } from '../../core/transport/transport-error.js';
import type {
  Delivery,
  MessageSource,
  MqTransport,
  OutboundMessage,
  SubscriptionSpec,
} from '../../core/transport/transport.js';

/** A transport with its broker, made anew for each test of the suite. */
export interface TransportHarness {
  readonly transport: MqTransport;
  /** How long a delivery stays leased at this broker, in milliseconds, however it came to that. A second or two is best: tests wait for it. */
  readonly leaseMs: number;
  /** The name of an empty topic of that kind. Default: a name that nobody used yet. */
  topic?(kind: TopicKind): string | Promise<string>;
  /** A group that has read nothing of the topic. Default: a name that nobody used yet. */
  group?(topic: string): string | Promise<string>;
  /**
   * A group that has read nothing of the topic, never the same one twice, and to which the broker delivers a message
   * `maxDeliveries` times before it gives it up: 2 or 3, because tests wait for it. Needed if `capabilities.deadLetterSource`.
   */
  givingUp?(topic: string): GivingUpGroup | Promise<GivingUpGroup>;
  /** The same transport, with nobody at the other end. */
  unreachable(): MqTransport;
  /** Ends the broker; the transport is closed by the suite. */
  close?(): Promise<void>;
}

export interface GivingUpGroup {
  readonly groupId: string;
  readonly maxDeliveries: number;
}

export type TopicKind = 'normal' | 'ordered' | 'delayed';

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;

/** Registers one test, which gets a {@link Bench} of its own. */
export type BenchTest = (title: string, run: (bench: Bench) => Promise<void>) => void;

let names = 0;

/** What the tests of the suite share: names, messages, and waiting for deliveries. */
export class Bench {
  private readonly sources: MessageSource[] = [];

  constructor(readonly harness: TransportHarness) {}

  get transport(): MqTransport {
    return this.harness.transport;
  }

  async topic(kind: TopicKind = 'normal'): Promise<string> {
    return (await this.harness.topic?.(kind)) ?? uniqueName('t');
  }

  message(topic: string, fields: Partial<OutboundMessage> = {}): OutboundMessage {
    const plain = { instanceId: null, tag: null, key: 'key-1', body: '{"n":1}', properties: {}, deliverAt: null };
    return { topic, ...plain, orderingKey: null, ...fields };
  }

  async send(topic: string, fields: Partial<OutboundMessage> = {}): Promise<string> {
    const message = this.message(topic, fields);
    assert.deepEqual(this.transport.validateMessage(message), [], 'a plain message is valid');
    const { brokerMessageId } = await this.transport.send(message, never);
    assert.ok(brokerMessageId, 'a receipt has an id');
    return brokerMessageId;
  }

  /** Opens the topic for a group, which has asked once when this resolves: some brokers let a new group begin at the end. */
  async subscribe(topic: string, fields: Partial<SubscriptionSpec> = {}): Promise<MessageSource> {
    const groupId = fields.groupId ?? (await this.harness.group?.(topic)) ?? uniqueName('GID');
    const spec = { topic, instanceId: null, tags: null, ordered: false, ...fields, groupId };
    assert.deepEqual(this.transport.validateSubscription(spec), [], 'a plain subscription is valid');
    const source = this.transport.subscribe(spec);
    this.sources.push(source);
    assert.deepEqual(await this.poll(source, { waitMs: 0 }), [], 'the topic is empty');
    return source;
  }

  deadLetters(groupId: string): MessageSource {
    const source = this.transport.deadLetters!({ groupId, instanceId: null });
    this.sources.push(source);
    return source;
  }

  poll(source: MessageSource, { max = 1, waitMs = 1_000, leaseMs = this.harness.leaseMs } = {}): Promise<Delivery[]> {
    return source.receive({ max, waitMs, leaseMs }, never);
  }

  /** Polls until `count` deliveries have come. @param leaseMs asked for, where the broker lets one ask */
  async collect(
    source: MessageSource,
    count: number,
    withinMs = 5_000,
    leaseMs = this.harness.leaseMs,
  ): Promise<Delivery[]> {
    const until = systemClock.monotonic() + withinMs;
    const found: Delivery[] = [];
    while (found.length < count) {
      const left = until - systemClock.monotonic();
      assert.ok(left > 0, `${count} deliveries within ${withinMs} ms; there were ${found.length}`);
      found.push(...(await this.poll(source, { max: count - found.length, waitMs: Math.min(1_000, left), leaseMs })));
    }
    return found;
  }

  async one(source: MessageSource, withinMs?: number): Promise<Delivery> {
    return (await this.collect(source, 1, withinMs))[0]!;
  }

  /** Asserts that nothing comes for a while. */
  async nothing(source: MessageSource, forMs: number): Promise<void> {
    const until = systemClock.monotonic() + forMs;
    while (systemClock.monotonic() < until) {
      const found = await this.poll(source, { waitMs: Math.max(0, until - systemClock.monotonic()) });
      assert.deepEqual(found.map(keyOf), [], `nothing is delivered for ${forMs} ms`);
      if (systemClock.monotonic() < until) await systemClock.sleep(20);
    }
  }

  async close(): Promise<void> {
    for (const source of this.sources) await source.close();
    await this.transport.close();
    await this.harness.close?.();
  }
}

export function keyOf(delivery: Delivery): string {
  return delivery.message.key ?? '';
}

export function uniqueName(prefix: string): string {
  names += 1;
  return `${prefix}_${process.pid}_${systemClock.now().toString(36)}_${names}`;
}

/** Asserts that a call rejects with a {@link TransportError} of one of these kinds. */
export async function rejectsAs(call: Promise<unknown>, kinds: readonly TransportErrorKind[]): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert.ok(error instanceof TransportError, `a TransportError, not ${String(error)}`);
    assert.ok(kinds.includes(error.kind), `of kind ${kinds.join(' or ')}, not '${error.kind}': ${error.message}`);
    return true;
  });
}
