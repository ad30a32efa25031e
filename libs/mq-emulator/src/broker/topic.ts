import type { JournalRecord } from '../journal/journal-record.js';
import type { BrokerOptions } from './broker-options.js';
import { HalfMessages } from './half-messages.js';
import type { Message } from './message.js';
import { ScheduledMessages } from './scheduled-messages.js';
import { type GroupState, Subscription } from './subscription.js';
import { TopicLog } from './topic-log.js';

export interface TopicState {
  /** Messages accepted since the beginning, the delivered and the scheduled ones included; half messages once committed. */
  stored: number;
  scheduled: number;
  /** Half messages that wait for a decision. */
  half: number;
  groups: Record<string, GroupState>;
}

// What every known group has read is kept for groups that come later, so that the second consumer of a topic does not
// miss what the first one was quick to take. These two bounds keep a topic that millions pass through small.
const HISTORY_MESSAGES = 100_000;
const HISTORY_CHARACTERS = 64 * 1024 * 1024;
// How often to look at those bounds, in messages and in characters.
const TRIM_EVERY = 1_024;
const TRIM_CHARACTERS = 8 * 1024 * 1024;

/** A topic of an instance: its log, the messages not in it yet, and the groups that read it. */
export class Topic {
  readonly halves: HalfMessages;
  readonly scheduled: ScheduledMessages;
  readonly groups = new Map<string, Subscription>();
  private readonly log: TopicLog;
  private sinceTrim = { messages: 0, characters: 0 };

  constructor(
    readonly name: { instance: string; topic: string },
    private readonly options: BrokerOptions,
    base = 0,
    private stored = 0,
  ) {
    this.log = new TopicLog(base);
    this.halves = new HalfMessages(options, (message) =>
      options.journal.note({ type: 'drop', ...this.name, id: message.id }),
    );
    this.scheduled = new ScheduledMessages(options.clock, (message) =>
      options.journal.commit({ type: 'enter', ...this.name, id: message.id }, () => this.enter(message)),
    );
  }

  /** Stores a message; resolves once it is written down, with the deciding handle when it is a half message. */
  async publish(message: Message): Promise<string | undefined> {
    const waits = message.checkAfter !== undefined || (message.deliverAt ?? 0) > this.options.clock.now();
    let handle: string | undefined;
    await this.options.journal.commit({ type: waits ? 'waiting' : 'message', ...this.name, message }, () => {
      if (waits) handle = this.addWaiting(message);
      else this.addVisible(message);
    });
    return handle;
  }

  /** Commits or rolls back a half message; `false` when the handle does not decide anything. */
  async decide(handle: string, decision: 'commit' | 'rollback'): Promise<boolean> {
    const message = this.halves.decide(handle);
    if (!message) return false;
    const type = decision === 'commit' ? 'enter' : 'drop';
    try {
      await this.options.journal.commit({ type, ...this.name, id: message.id }, () => {
        if (decision === 'commit') this.addVisible(message);
      });
    } catch (error) {
      this.halves.add(message);
      throw error;
    }
    return true;
  }

  /** The group's place on this topic, from now on known. */
  subscribe(group: string): Subscription {
    const known = this.groups.get(group);
    if (known) return known;
    const cursor = this.options.startFrom === 'beginning' ? this.log.base : this.log.end;
    const subscription = this.addGroup(group, cursor);
    this.options.journal.note({ type: 'group', ...this.name, group, cursor });
    return subscription;
  }

  addGroup(group: string, cursor: number, acked = 0, dead = 0): Subscription {
    const name = { ...this.name, group };
    const subscription = new Subscription(name, this.log, this.options, cursor, acked, dead);
    this.groups.set(group, subscription);
    return subscription;
  }

  addWaiting(message: Message): string | undefined {
    if (message.checkAfter !== undefined) {
      const handle = this.halves.add(message);
      this.halves.polls.wake();
      return handle;
    }
    this.stored++;
    this.scheduled.add(message);
    return undefined;
  }

  addVisible(message: Message): void {
    this.stored++;
    this.enter(message);
  }

  state(): TopicState {
    const groups = Object.fromEntries([...this.groups].map(([id, subscription]) => [id, subscription.state()]));
    return { stored: this.stored, scheduled: this.scheduled.size, half: this.halves.size, groups };
  }

  *snapshot(): Iterable<JournalRecord> {
    const held = this.log.end - this.log.base;
    // The lines of the messages that follow are counted again when they are read.
    const stored = this.stored - held - this.scheduled.size;
    yield { type: 'topic', ...this.name, base: this.log.base, stored };
    for (let seq = this.log.base; seq < this.log.end; seq++) {
      yield { type: 'message', ...this.name, message: this.log.get(seq) };
    }
    for (const message of this.scheduled.values()) yield { type: 'waiting', ...this.name, message };
    for (const message of this.halves.values()) yield { type: 'waiting', ...this.name, message };
    for (const subscription of this.groups.values()) yield subscription.snapshot();
  }

  /** Drops from the log what is too old, and what every group has read beyond the history that is kept. */
  trim(): void {
    this.sinceTrim = { messages: 0, characters: 0 };
    const { log } = this;
    const oldest = this.options.clock.now() - this.options.retention;
    let read = this.groups.size === 0 ? log.base : log.end;
    for (const subscription of this.groups.values()) read = Math.min(read, subscription.position);
    while (log.base < log.end) {
      const { publishTime, deliverAt = 0 } = log.get(log.base);
      const expired = Math.max(publishTime, deliverAt) < oldest;
      const beyondHistory = read - log.base > HISTORY_MESSAGES || log.bytes > HISTORY_CHARACTERS;
      if (!expired && !(log.base < read && beyondHistory)) break;
      log.dropOldest();
    }
    for (const subscription of this.groups.values()) subscription.skipDropped();
  }

  private enter(message: Message): void {
    this.log.append(message);
    this.sinceTrim.messages++;
    this.sinceTrim.characters += message.body.length;
    if (this.sinceTrim.messages >= TRIM_EVERY || this.sinceTrim.characters >= TRIM_CHARACTERS) this.trim();
    for (const subscription of this.groups.values()) subscription.polls.wake();
  }
}
