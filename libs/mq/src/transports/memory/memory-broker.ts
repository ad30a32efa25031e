import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/runtime/clock.js';
import { MqError } from '../../core/errors/mq-error.js';
import { deferred, type Deferred } from '../../core/runtime/deferred.js';
import { didYouMean } from '../../core/runtime/did-you-mean.js';
import { onAbort } from '../../core/runtime/on-abort.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import { TransportError, type TransportErrorKind } from '../../core/transport/transport-error.js';
import type { OutboundMessage } from '../../core/transport/transport.js';
import { MemoryGroup, type StoredMessage } from './memory-group.js';

/**
 * A broker in this process, with the switches that a test needs. Several transports may share one, as several
 * instances of an application share a real broker.
 *
 * Nothing is ever dropped: `sent` is everything the broker took, in order, and a group that appears later starts
 * at the beginning of its topic.
 */
export class MemoryBroker {
  private readonly log: StoredMessage[] = [];
  private readonly groups = new Map<string, { topic: string; groupId: string; group: MemoryGroup }>();
  private readonly deadLetterGroups = new Map<string, MemoryGroup>();
  private faults: { readonly error: TransportError; readonly stored: boolean; left: number }[] = [];
  private acksToLose = 0;
  private down = false;
  private gate: Deferred<void> | null = null;

  constructor(
    readonly clock: Clock = systemClock,
    private readonly maxDeliveries = 289,
  ) {}

  /** Everything that was taken, in the order in which it was. */
  get sent(): readonly StoredMessage[] {
    return this.log;
  }

  /**
   * What a group has not finished, and what it was given up for; by the names at the broker.
   * @throws {MqError} `MQ_UNKNOWN_TOPIC` and `MQ_UNKNOWN_GROUP` for names that nobody has sent to or subscribed with
   */
  stateOf(
    topic: string,
    groupId: string,
    instanceId: string | null = null,
  ): { pending: number; dead: StoredMessage[] } {
    const group = this.knownGroup(topic, groupId, instanceId);
    return { pending: group.pending.length, dead: group.dead.map((entry) => entry.message) };
  }

  /**
   * Makes the next `times` sends fail (`Infinity`: until {@link heal}).
   * With `stored` the broker takes the message all the same, as when only its answer is lost.
   */
  failNextSends(
    error: TransportError | TransportErrorKind,
    { times = 1, stored = false }: { times?: number; stored?: boolean } = {},
  ): void {
    const thrown = typeof error === 'string' ? new TransportError(error, `the test asked for '${error}'`) : error;
    this.faults.push({ error: thrown, stored, left: times });
  }

  /** The next `times` calls of `ack` never arrive: their settlements are `unknown`, and the messages come again. */
  loseNextAcks(times = 1): void {
    this.acksToLose += times;
  }

  /** From now on nothing answers, until {@link resume}. */
  pause(): void {
    this.gate ??= deferred();
  }

  /** From now on nobody can be reached, until {@link heal}: every call is `unavailable`, every settlement `unknown`. */
  goDown(): void {
    this.down = true;
    this.resume();
    for (const { group } of this.groups.values()) group.wake();
    for (const group of this.deadLetterGroups.values()) group.wake();
  }

  resume(): void {
    this.gate?.resolve();
    this.gate = null;
  }

  /** Ends every failure that was asked for, and a pause. */
  heal(): void {
    this.faults = [];
    this.acksToLose = 0;
    this.down = false;
    this.resume();
  }

  /** For transports: passes when the broker is there and not paused. @throws {TransportError} `aborted`, `unavailable` */
  async passage(signal: AbortSignal): Promise<void> {
    while (this.gate && !signal.aborted) {
      const gaveUp = deferred<void>();
      const forget = onAbort(signal, gaveUp.resolve);
      await Promise.race([this.gate.promise, gaveUp.promise]);
      forget();
    }
    this.assertReachable(signal);
  }

  /** For transports: {@link passage} without waiting. @throws {TransportError} `aborted`, `unavailable` */
  assertReachable(signal: AbortSignal): void {
    if (signal.aborted) throw new TransportError('aborted', 'the caller gave up');
    if (this.down) throw new TransportError('unavailable', 'the test has taken the broker down');
  }

  /** For transports. @throws {TransportError} when the test asked for it */
  accept(message: OutboundMessage): StoredMessage {
    const fault = this.faults[0];
    if (fault) {
      fault.left -= 1;
      if (fault.left <= 0) this.faults.shift();
      if (fault.stored) this.store(message);
      throw fault.error;
    }
    return this.store(message);
  }

  /** For transports: whether this acknowledgement is one of those that get lost. */
  losesAck(): boolean {
    if (this.acksToLose === 0) return false;
    this.acksToLose -= 1;
    return true;
  }

  /** For transports: the group, which is made when it is first asked for. */
  group(topic: string, groupId: string, instanceId: string | null): MemoryGroup {
    const topicKey = keyOf(instanceId, topic);
    const key = `${topicKey}/${groupId}`;
    let found = this.groups.get(key);
    if (!found) {
      const giveUp = (message: StoredMessage): void => this.deadLetters(groupId, instanceId).add(deadLetter(message));
      found = { topic: topicKey, groupId, group: new MemoryGroup(this.clock, this.maxDeliveries, giveUp) };
      this.groups.set(key, found);
      for (const message of this.log)
        if (keyOf(message.instanceId, message.topic) === topicKey) found.group.add(message);
    }
    return found.group;
  }

  /** For transports: what was given up on for a group, of all its topics. Dead letters are never given up. */
  deadLetters(groupId: string, instanceId: string | null): MemoryGroup {
    const key = keyOf(instanceId, groupId);
    let found = this.deadLetterGroups.get(key);
    if (!found) this.deadLetterGroups.set(key, (found = new MemoryGroup(this.clock, Infinity)));
    return found;
  }

  private knownGroup(topic: string, groupId: string, instanceId: string | null): MemoryGroup {
    const topicKey = keyOf(instanceId, topic);
    const found = this.groups.get(`${topicKey}/${groupId}`);
    if (found) return found.group;
    const readers = [...this.groups.values()];
    const topics = [
      ...new Set([...readers.map((one) => one.topic), ...this.log.map((one) => keyOf(one.instanceId, one.topic))]),
    ];
    if (!topics.includes(topicKey)) {
      throw new MqError(
        'MQ_UNKNOWN_TOPIC',
        `The broker in memory has no topic '${topic}'. ${didYouMean(topic, topics.map(nameOf))}`,
      );
    }
    const groupIds = readers.filter((one) => one.topic === topicKey).map((one) => one.groupId);
    throw new MqError(
      'MQ_UNKNOWN_GROUP',
      `No group '${groupId}' has subscribed to the topic '${topic}' at the broker in memory. ${didYouMean(groupId, groupIds)}`,
    );
  }

  private store(message: OutboundMessage): StoredMessage {
    const brokerMessageId = newId();
    const stored = {
      ...message,
      properties: { ...message.properties },
      brokerMessageId,
      publishedAt: this.clock.now(),
    };
    this.log.push(stored);
    const topicKey = keyOf(message.instanceId, message.topic);
    for (const { topic, group } of this.groups.values()) if (topic === topicKey) group.add(stored);
    return stored;
  }
}

function keyOf(instanceId: string | null, topic: string): string {
  return `${instanceId ?? ''}/${topic}`;
}

/** The topic alone unless it belongs to an instance. */
function nameOf(topicKey: string): string {
  return topicKey.startsWith('/') ? topicKey.slice(1) : topicKey;
}

/** A message of its own, with an id of its own, as brokers move it. */
function deadLetter(message: StoredMessage): StoredMessage {
  const { topic, brokerMessageId } = message;
  return { ...message, deliverAt: null, brokerMessageId: newId(), deadLetterOf: { topic, brokerMessageId } };
}

function newId(): string {
  return randomUUID().replaceAll('-', '').toUpperCase();
}
