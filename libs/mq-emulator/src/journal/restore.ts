import type { Broker } from '../broker/broker.js';
import { Delivery } from '../broker/delivery.js';
import type { Message } from '../broker/message.js';
import type { JournalRecord, OpenDelivery } from './journal-record.js';

type Of<T extends JournalRecord['type']> = Extract<JournalRecord, { type: T }>;

interface OpenMessage extends OpenDelivery {
  message: Message;
  ordered: boolean;
}

interface RestoredGroup {
  cursor: number;
  acked: number;
  dead: number;
  ordered: boolean;
  open: Map<number, OpenMessage>;
}

interface RestoredTopic {
  base: number;
  stored: number;
  visible: Message[];
  waiting: Map<string, Message>;
  groups: Map<string, RestoredGroup>;
}

/**
 * Builds the broker's state from the records of a journal.
 *
 * Records state facts about places in a topic's log, so nothing is decided again here: neither options nor the clock of
 * today change what was delivered, acked or dead. What is open and whose invisibility has ended meanwhile is ready again.
 */
export class Restore {
  private readonly topics = new Map<string, RestoredTopic & { instance: string; topic: string }>();

  apply(record: JournalRecord): void {
    switch (record.type) {
      case 'topic':
        Object.assign(this.topic(record), { base: record.base, stored: record.stored });
        break;
      case 'message':
        this.topic(record).visible.push(record.message);
        break;
      case 'waiting':
        this.topic(record).waiting.set(record.message.id, record.message);
        break;
      case 'enter':
        this.enter(record);
        break;
      case 'drop':
        this.topic(record).waiting.delete(record.id);
        break;
      case 'group':
        this.group(record);
        break;
      case 'deliver':
        this.deliver(record);
        break;
      case 'ack':
        this.ack(record);
        break;
      case 'skip':
        record.seqs.forEach((seq) => this.groupOf(record).open.delete(seq));
        break;
      case 'dead':
        this.dead(record);
        break;
      case 'journal':
        throw new Error('a second header');
    }
  }

  /** Fills a broker that holds nothing yet. */
  into(broker: Broker, now: number): void {
    for (const { instance, topic: name, base, stored, visible, waiting, groups } of this.topics.values()) {
      const topic = broker.topic(instance, name, base, stored);
      for (const message of visible) topic.addVisible(message);
      for (const message of waiting.values()) topic.addWaiting(message);
      for (const [id, group] of groups) {
        const deliveries = [...openDeliveries(group, now)];
        topic.addGroup(id, group.cursor, group.acked, group.dead).restore(deliveries, group.ordered);
      }
      topic.trim();
    }
  }

  private enter({ id, ...of }: Of<'enter'>): void {
    const topic = this.topic(of);
    const message = topic.waiting.get(id);
    if (!message) throw new Error(`message ${id} was not waiting`);
    topic.waiting.delete(id);
    topic.visible.push(message);
  }

  private group(record: Of<'group'>): void {
    const { groups, base, visible } = this.topic(record);
    const { cursor, acked = 0, dead = 0, ordered = false } = record;
    const open = new Map<number, OpenMessage>();
    for (const delivery of record.open ?? []) {
      const message = delivery.message ?? visible[delivery.seq - base];
      open.set(delivery.seq, { ...delivery, message, ordered });
    }
    groups.set(record.group, { cursor, acked, dead, ordered, open });
  }

  private deliver(record: Of<'deliver'>): void {
    const topic = this.topic(record);
    const group = this.groupOf(record);
    const { cursor, ordered, now, until, seqs, waiting = [] } = record;
    Object.assign(group, { cursor, ordered });
    for (const seq of [...seqs, ...waiting]) {
      if (group.open.has(seq)) continue;
      const message = topic.visible[seq - topic.base];
      if (!message) throw new Error(`place ${seq} of ${record.topic} is empty`);
      group.open.set(seq, { seq, message, ordered, attempts: 0, until: 0, firstTime: 0 });
    }
    for (const seq of seqs) {
      const delivery = group.open.get(seq) as OpenMessage;
      if (delivery.acked) group.acked--;
      const attempts = delivery.attempts + 1;
      Object.assign(delivery, { attempts, until, ordered, acked: false, firstTime: delivery.firstTime || now });
    }
  }

  private ack(record: Of<'ack'>): void {
    const group = this.groupOf(record);
    for (const seq of record.seqs) {
      const delivery = group.open.get(seq);
      if (!delivery) continue;
      group.acked++;
      // In order, an acked message may have to be delivered again with one before it.
      if (delivery.ordered) delivery.acked = true;
      else group.open.delete(seq);
    }
  }

  private dead(record: Of<'dead'>): void {
    const group = this.groupOf(record);
    for (const seq of record.seqs) if (group.open.delete(seq)) group.dead++;
  }

  private topic({ instance, topic }: { instance: string; topic: string }): RestoredTopic {
    const key = `${instance}/${topic}`;
    let found = this.topics.get(key);
    if (!found) {
      found = { instance, topic, base: 0, stored: 0, visible: [], waiting: new Map(), groups: new Map() };
      this.topics.set(key, found);
    }
    return found;
  }

  private groupOf(record: { instance: string; topic: string; group: string }): RestoredGroup {
    const group = this.topic(record).groups.get(record.group);
    if (!group) throw new Error(`the group ${record.group} was not introduced`);
    return group;
  }
}

/** What is left to do for a group: without what was acked at the head of its partition, in ascending order. */
function* openDeliveries(group: RestoredGroup, now: number): Iterable<Delivery> {
  const begun = new Set<string>();
  for (const open of [...group.open.values()].sort((a, b) => a.seq - b.seq)) {
    const { seq, message, attempts, until, firstTime } = open;
    const key = message.shardingKey;
    const acked = open.acked === true;
    if (acked && (key === undefined || !begun.has(key))) continue;
    if (key !== undefined) begun.add(key);
    const delivery = new Delivery(seq, message);
    // Acked behind one that was not, and too late: it will be delivered once more.
    if (acked && until <= now) group.acked--;
    Object.assign(delivery, { attempts, oldestValid: attempts, until, firstTime, acked: acked && until > now });
    yield delivery;
  }
}
