import { setMaxListeners } from 'node:events';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { MemoryTransport } from 'nestjs-reliable-mq/testing';

/** @typedef {Parameters<MemoryTransport['send']>[0]} OutboundMessage */

/** A broker that takes every message at once and does nothing with it. */
export class NothingBroker extends MemoryTransport {
  taken = 0;
  /** @type {((message: OutboundMessage) => void) | undefined} Told of each. */
  onPublish;

  /**
   * @override
   * @param {OutboundMessage} message
   */
  send(message) {
    this.onPublish?.(message);
    return Promise.resolve({ brokerMessageId: `nothing-${++this.taken}` });
  }
}

/** A broker that never answers, so that sending comes to a halt, and what publishing costs by itself can be seen. */
export class SilentBroker extends MemoryTransport {
  /**
   * @override
   * @param {OutboundMessage} _message
   * @param {AbortSignal} signal
   * @returns {Promise<never>}
   */
  send(_message, signal) {
    setMaxListeners(0, signal);
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new TransportError('aborted', 'the benchmark is over')), {
        once: true,
      });
    });
  }
}
