import { setMaxListeners } from 'node:events';
import { TransportError } from 'nestjs-reliable-mq';
import { MemoryTransport } from 'nestjs-reliable-mq/testing';

/** A broker that takes every message at once and does nothing with it. */
export class NothingBroker extends MemoryTransport {
  taken = 0;

  publish(message) {
    this.onPublish?.(message);
    return Promise.resolve({ brokerMessageId: `nothing-${++this.taken}` });
  }
}

/** A broker that never answers, so that sending comes to a halt, and what publishing costs by itself can be seen. */
export class SilentBroker extends MemoryTransport {
  publish(_message, signal) {
    setMaxListeners(0, signal);
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new TransportError('aborted', 'the benchmark is over')), {
        once: true,
      });
    });
  }
}
