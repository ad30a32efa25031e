import { type Node, OWN } from './node.js';
import { eventually } from '../eventually.js';

/** Publishes about twenty messages a second until it is stopped, whatever the broker does. */
export class Load {
  readonly published: string[] = [];
  private running = true;
  private readonly ended: Promise<void>;

  constructor(
    private readonly node: Node,
    readonly effects: () => Promise<string[]>,
  ) {
    this.ended = this.run();
  }

  /** Messages get through. */
  async flows(): Promise<void> {
    await eventually(async () => (await this.effects()).length >= 10, { timeoutMs: 60_000, what: 'messages handled' });
  }

  /** Messages wait. */
  async mounts(): Promise<void> {
    const before = this.published.length;
    await eventually(() => this.published.length > before + 40, { timeoutMs: 60_000, what: 'messages published' });
  }

  /** Messages get through that did not so far. */
  async goesOn(timeoutMs = 60_000): Promise<void> {
    const before = (await this.effects()).length;
    await eventually(async () => (await this.effects()).length >= before + 20, {
      timeoutMs,
      intervalMs: 100,
      what: 'twenty more messages handled',
    });
  }

  /** Stops, and waits until everything is handled. */
  async settles(): Promise<void> {
    await this.stop();
    await eventually(async () => (await this.effects()).length >= this.published.length, {
      timeoutMs: 240_000,
      intervalMs: 200,
      what: `all ${this.published.length} messages handled`,
    });
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.ended;
  }

  private async run(): Promise<void> {
    while (this.running) {
      const publication = await this.node.mq.publish('orders', { payload: this.published.length }, OWN);
      this.published.push(publication.messages[0]!.id);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
