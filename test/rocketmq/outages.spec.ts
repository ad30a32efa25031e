import 'reflect-metadata';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { consumer } from '../guarantees/support/consumer.js';
import { bootNode, type Node, OWN } from '../guarantees/support/node.js';
import { Tables } from '../guarantees/support/tables.js';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { type RunningRocketmq, startRocketmq } from '../support/rocketmq/start-rocketmq.mjs';
import { describeRocketmq } from '../support/rocketmq/use-rocketmq.js';

jest.setTimeout(180_000);

/** Within this long of the broker's return, messages are sent and handled again. */
const BACK_MS = 5_000;

describeRocketmq('a broker that goes away under load', () => {
  let broker: RunningRocketmq;

  beforeAll(async () => {
    broker = await startRocketmq({
      topics: [{ name: 'orders_PostgreSQL' }, { name: 'orders_MariaDB' }],
      groups: [{ name: 'GID_PostgreSQL' }, { name: 'GID_MariaDB' }],
    });
  }, 240_000);
  afterAll(() => broker?.stop());

  describeDatabases('the application', (db) => {
    let load: Load;
    afterEach(() => load.stop());
    closeAfterEach();
    const tables = new Tables(db);
    beforeEach(async () => {
      const handle = consumer('orders', 'stock', (message, context) => tables.effect(context, message));
      const node = await bootNode(db, {
        transport: rocketmq({ endpoints: broker.endpoint }),
        topics: { orders: { topic: `orders_${db.name}` } },
        groups: { stock: { groupId: `GID_${db.name}` } },
        reproduce: { idle: '500ms' },
        consume: { timeout: '5s' },
        handlers: [handle],
      });
      load = new Load(node, () => tables.effects());
    });

    it('killed and started again: is back within five seconds, and every message is handled once', async () => {
      await load.flows();
      await broker.kill();
      await load.mounts();
      await broker.start();
      expect(await load.backAfter()).toBeLessThan(BACK_MS);
      await load.settles();
      expect(await tables.effects()).toEqual(load.published.toSorted());
      expect((await tables.statuses()).filter(({ status }) => status !== 'SENT')).toEqual([]);
    });

    // Once: a minute is long, and what happens in it is the transport's affair, not the database's.
    if (db.name === 'PostgreSQL') {
      it('silent for a minute: is back within five seconds, and every message is handled once', async () => {
        await load.flows();
        broker.pause();
        try {
          const until = performance.now() + 60_000;
          await eventually(() => performance.now() > until, { timeoutMs: 61_000, what: 'a minute' });
        } finally {
          broker.resume();
        }
        expect(await load.backAfter()).toBeLessThan(BACK_MS);
        await load.settles();
        expect(await tables.effects()).toEqual(load.published.toSorted());
        expect((await tables.statuses()).filter(({ status }) => status === 'DEAD')).toEqual([]);
      });
    }
  });
});

/** Publishes about twenty messages a second until it is stopped, whatever the broker does. */
class Load {
  readonly published: string[] = [];
  private running = true;
  private readonly ended: Promise<void>;

  constructor(
    private readonly node: Node,
    private readonly effects: () => Promise<string[]>,
  ) {
    this.ended = this.run();
  }

  /** Messages get through. */
  async flows(): Promise<void> {
    await eventually(async () => (await this.effects()).length >= 10, { timeoutMs: 20_000, what: 'messages handled' });
  }

  /** Messages wait. */
  async mounts(): Promise<void> {
    const before = this.published.length;
    await eventually(() => this.published.length > before + 40, { timeoutMs: 20_000, what: 'messages published' });
  }

  /** How long until a message is handled that was not at first. */
  async backAfter(): Promise<number> {
    const startedAt = performance.now();
    const before = (await this.effects()).length;
    await eventually(async () => (await this.effects()).length > before, {
      timeoutMs: 60_000,
      what: 'a message handled after the return',
    });
    return performance.now() - startedAt;
  }

  /** Stops, and waits until everything is handled. */
  async settles(): Promise<void> {
    await this.stop();
    await eventually(async () => (await this.effects()).length >= this.published.length, {
      timeoutMs: 90_000,
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
