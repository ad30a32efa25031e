import type { JournalRecord } from '../journal/journal-record.js';
import type { BrokerOptions } from './broker-options.js';
import { Topic, type TopicState } from './topic.js';

export interface InstanceState {
  topics: Record<string, TopicState>;
}

/** Topics by instance; the instance without an id is `''`. */
export class Broker {
  private readonly instances = new Map<string, Map<string, Topic>>();

  constructor(private readonly options: BrokerOptions) {}

  /** The topic, which springs into existence. */
  topic(instance: string, topic: string, base = 0, stored = 0): Topic {
    let topics = this.instances.get(instance);
    if (!topics) this.instances.set(instance, (topics = new Map<string, Topic>()));
    let found = topics.get(topic);
    if (!found) topics.set(topic, (found = new Topic({ instance, topic }, this.options, base, stored)));
    return found;
  }

  /** The topic if there is one. */
  find(instance: string, topic: string): Topic | undefined {
    return this.instances.get(instance)?.get(topic);
  }

  state(): Record<string, InstanceState> {
    return Object.fromEntries([...this.instances].map(([instance, topics]) => [instance, { topics: stateOf(topics) }]));
  }

  *snapshot(): Iterable<JournalRecord> {
    for (const topic of this.topics()) yield* topic.snapshot();
  }

  *topics(): Iterable<Topic> {
    for (const topics of this.instances.values()) yield* topics.values();
  }

  close(): void {
    for (const topic of this.topics()) topic.scheduled.close();
  }
}

function stateOf(topics: ReadonlyMap<string, Topic>): Record<string, TopicState> {
  return Object.fromEntries([...topics].map(([name, topic]) => [name, topic.state()]));
}
