import type { MqEvents } from '../events/event-bus.js';
import type { RowSettler } from './row-settler.js';

/** One error row for each outage, instead of one for each message that it holds up. */
export function recordOutages(events: MqEvents, settler: RowSettler, instance: string): () => void {
  return events.on('circuit.opened', ({ scope, error }) => {
    const { code, message } = error;
    void settler.record([
      {
        direction: 'PRODUCE',
        messageId: null,
        topicAlias: null,
        tag: null,
        key: null,
        group: null,
        groupId: null,
        attempt: 0,
        parked: false,
        errorClass: 'Outage',
        errorCode: code,
        message: `sending through the ${scope} stopped: ${message}`,
        stack: null,
        payload: null,
        payloadEncoding: null,
        headers: null,
        orderingKey: null,
        brokerMessageId: null,
        publishedAt: null,
        instance,
      },
    ]);
  });
}
