import type { Message } from './message.js';

/** The visible messages of a topic in their order. Each has a place, `seq`, for ever; the oldest can be dropped. */
export class TopicLog {
  private items: Message[] = [];
  private head = 0;
  private heldBytes = 0;

  /** @param first place of the first message */
  constructor(private first = 0) {}

  /** Place of the oldest message held. */
  get base(): number {
    return this.first;
  }

  /** Place that the next message will get. */
  get end(): number {
    return this.first + this.items.length - this.head;
  }

  /** Characters of the bodies held. */
  get bytes(): number {
    return this.heldBytes;
  }

  get(seq: number): Message {
    return this.items[this.head + seq - this.first];
  }

  append(message: Message): void {
    this.items.push(message);
    this.heldBytes += message.body.length;
  }

  dropOldest(): void {
    this.heldBytes -= this.items[this.head].body.length;
    this.items[this.head++] = undefined as unknown as Message;
    this.first++;
    if (this.head >= 1024 && this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
  }
}
