import type { EntityManager } from 'typeorm';
import type { MqTopic, NewMessage, Publication, Receipt } from '../../core/publisher/new-message.js';
import type { Publisher } from '../../core/publisher/publisher.js';
import { MqProducerService, type PublishOptions } from './mq-producer.service.js';

/** {@link MqProducerService} on the publisher of one connection. */
export class Producer extends MqProducerService {
  constructor(private readonly publisher: Publisher<EntityManager>) {
    super();
  }

  publish<P = unknown>(
    topic: MqTopic<P>,
    message: NewMessage<NoInfer<P>> | readonly NewMessage<NoInfer<P>>[],
    options?: PublishOptions,
  ): Promise<Publication> {
    const messages = Array.isArray(message) ? (message as readonly NewMessage[]) : [message as NewMessage];
    return this.publisher.publish(
      messages.map((one) => ({ ...one, topic })),
      options,
    );
  }

  publishAll(messages: readonly (NewMessage & { topic: string })[], options?: PublishOptions): Promise<Publication> {
    return this.publisher.publish(messages, options);
  }

  sendDirect<P = unknown>(topic: MqTopic<P>, message: NewMessage<NoInfer<P>>): Promise<Receipt> {
    return this.publisher.sendDirect(topic, message);
  }
}
