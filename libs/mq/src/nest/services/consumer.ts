import type { ConsumerControl } from '../lifecycle/consumer-control.js';
import type { MqRuntime } from '../mq-runtime.js';
import { type HandlerInfo, MqConsumerService } from './mq-consumer.service.js';

/** {@link MqConsumerService} on the consumers of one connection. */
export class Consumer extends MqConsumerService {
  constructor(
    private readonly control: ConsumerControl,
    private readonly runtime: MqRuntime,
  ) {
    super();
  }

  start(): Promise<void> {
    return this.control.start();
  }

  stop(): Promise<void> {
    return this.control.stop();
  }

  pause(group: string): void {
    this.runtime.consumers.pause(group);
  }

  resume(group: string): void {
    this.runtime.consumers.resume(group);
  }

  setConcurrency(group: string, concurrency: number): void {
    this.runtime.consumers.setConcurrency(group, concurrency);
  }

  handlers(): HandlerInfo[] {
    return this.control.handlers.map(({ topic, group, tags, name }) => ({ topic, group, tags, handler: name }));
  }

  refresh(): Promise<number> {
    return this.control.refresh();
  }
}
