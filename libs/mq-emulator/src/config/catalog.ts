import type { Draft } from '../protocol/read-publish.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import type { Route } from '../protocol/route.js';
import type { EmulatorConfig, TopicConfig } from './emulator-config.js';

/** What is declared to exist; without a declaration everything does. */
export class Catalog {
  private second = 0;
  private readonly published = new Map<TopicConfig, number>();

  constructor(
    private readonly config: EmulatorConfig | undefined,
    private readonly now: () => number,
  ) {}

  /** @throws ProtocolError `TopicNotExist` or `SubscriptionNotExist` */
  checkExists({ instance, topic, group }: Route): void {
    if (!this.config) return;
    const place = instance === '' ? 'the default instance' : `instance "${instance}"`;
    if (!this.topic(instance, topic)) {
      throw new ProtocolError('TopicNotExist', `The topic "${topic}" is not declared for ${place}.`);
    }
    if (group !== '' && !this.config.instances[instance].groups?.includes(group)) {
      throw new ProtocolError('SubscriptionNotExist', `The group "${group}" is not declared for ${place}.`);
    }
  }

  /** @throws ProtocolError when the topic does not take such a message, or not so many */
  checkAccepts({ instance, topic }: Route, { kind, bytes }: Draft): void {
    const declared = this.topic(instance, topic);
    if (!declared) return;
    if (declared.type !== undefined && declared.type !== kind) {
      throw new ProtocolError(
        'InvalidArgument',
        `The topic "${topic}" takes ${declared.type} messages; this one is ${kind}.`,
      );
    }
    if (declared.maxBodyBytes !== undefined && bytes > declared.maxBodyBytes) {
      const limit = declared.maxBodyBytes;
      throw new ProtocolError(
        'InvalidArgument',
        `The MessageBody has ${bytes} bytes; "${topic}" takes up to ${limit}.`,
      );
    }
    if (declared.qps !== undefined) this.count(topic, declared, declared.qps);
  }

  private count(topic: string, declared: TopicConfig, qps: number): void {
    const second = Math.floor(this.now() / 1_000);
    if (second !== this.second) this.published.clear();
    this.second = second;
    const count = (this.published.get(declared) ?? 0) + 1;
    if (count > qps) {
      throw new ProtocolError('QpsLimitExceeded', `The topic "${topic}" takes ${qps} messages a second.`);
    }
    this.published.set(declared, count);
  }

  private topic(instance: string, topic: string): TopicConfig | undefined {
    const instances = this.config?.instances;
    if (!instances || !Object.hasOwn(instances, instance)) return undefined;
    const { topics = {} } = instances[instance];
    return Object.hasOwn(topics, topic) ? topics[topic] : undefined;
  }
}
