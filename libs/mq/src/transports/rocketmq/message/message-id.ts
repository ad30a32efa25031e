import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../core/runtime/clock.js';

/** Ids count seconds from here: 2021-01-01 00:00:00 UTC. */
const EPOCH_SECONDS = 1_609_459_200;

/**
 * Makes the ids that the protocol wants of each message (docs/message_id of apache/rocketmq-clients).
 *
 * 34 hexadecimal digits: version, 8 bytes for the machine and the process, seconds, a counter. The 8 bytes are random
 * here: in containers, network addresses and process ids are often the same. Never used to find duplicates, since each
 * attempt to send gets a new one.
 */
export class MessageIds {
  private readonly buffer = Buffer.alloc(17);
  private counter = 0;

  constructor(private readonly clock: Clock) {
    this.buffer.writeUInt8(1, 0);
    randomBytes(8).copy(this.buffer, 1);
  }

  next(): string {
    this.buffer.writeUInt32BE((Math.floor(this.clock.now() / 1_000) - EPOCH_SECONDS) >>> 0, 9);
    this.buffer.writeUInt32BE(this.counter, 13);
    this.counter = (this.counter + 1) >>> 0;
    return this.buffer.toString('hex').toUpperCase();
  }
}
