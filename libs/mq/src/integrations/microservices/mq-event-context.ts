import type { MqMessage } from '../../core/message/message.js';
import { MqContext } from '../../nest/mq-context.js';

/** What `@Ctx()` gives to a handler under `@EventPattern`: the context of the delivery, and the whole message. */
export class MqEventContext extends MqContext {
  /** `@Payload()` gives its payload. */
  readonly message: MqMessage;

  constructor(fields: MqContext, message: MqMessage) {
    super(fields);
    this.message = message;
  }
}
