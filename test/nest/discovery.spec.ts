import 'reflect-metadata';
import { Controller, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  MqConsumer,
  MqConsumerService,
  type MqContext,
  MqError,
  MqMessage,
  MqProducerService,
} from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { eventually } from '../support/eventually.js';
import { bootMq, mqDatabase } from '../support/mq-app.js';

const db = mqDatabase();
const config = () => ({
  transport: memoryTransport(),
  topics: { orders: { topic: 'shop_orders' } },
  groups: { stock: { groupId: 'GID_stock' }, mail: { groupId: 'GID_mail' } },
});
const seen: string[] = [];
const note = (who: string, message: MqMessage): void => void seen.push(`${who}:${String(message.payload)}`);

@MqConsumer('orders', 'stock', { tags: 'created' })
class OnClass {
  handle(message: MqMessage): void {
    note('class', message);
  }
}

class OnMethods {
  @MqConsumer('orders', 'mail', { tags: ['created'] })
  @MqConsumer('orders', 'stock', { tags: ['paid'] })
  onOrder(message: MqMessage, _context: MqContext): void {
    note(`method/${message.group}`, message);
  }

  get trap(): never {
    throw new Error('discovery called a getter');
  }
}

class Overriding extends OnMethods {
  override onOrder(message: MqMessage): void {
    note('override', message);
  }
}

@Controller()
class OnController {
  @MqConsumer('orders', 'stock')
  rest(message: MqMessage): void {
    note('controller', message);
  }
}

@MqConsumer('orders', 'stock')
@Injectable({ scope: Scope.REQUEST })
class PerMessage {
  static made = 0;
  constructor(@Inject(REQUEST) private readonly request: MqMessage) {
    PerMessage.made++;
  }

  handle(message: MqMessage): void {
    note(this.request === message ? 'scoped' : 'wrong request', message);
  }
}

const publish = async (producer: MqProducerService, tag: string, payload: string): Promise<void> => {
  await producer.publish('orders', { payload, tag }, { transaction: 'own' });
};

describe('finding handlers', () => {
  beforeEach(() => void (seen.length = 0));

  it('finds classes, methods (stacked) and controllers, and gives each message to one handler of a group', async () => {
    const app = await bootMq(db, config(), { providers: [OnClass, OnMethods], controllers: [OnController] });
    const producer = app.get(MqProducerService);
    await publish(producer, 'created', 'a');
    await publish(producer, 'paid', 'b');
    await publish(producer, 'other', 'c');
    await eventually(
      () =>
        seen.includes('class:a') &&
        seen.includes('method/mail:a') &&
        seen.includes('method/stock:b') &&
        seen.includes('controller:c'),
    );
    expect(seen).toHaveLength(4);
    expect(app.get(MqConsumerService).handlers()).toHaveLength(4);
  });

  it('takes a class that several modules provide, also under an alias, for one handler', async () => {
    @Module({ providers: [OnClass, { provide: 'alias', useExisting: OnClass }] })
    class First {}
    @Module({ providers: [OnClass] })
    class Second {}
    const app = await bootMq(db, config(), { imports: [First, Second], providers: [OnClass] });
    expect(app.get(MqConsumerService).handlers()).toEqual([
      { topic: 'orders', group: 'stock', tags: ['created'], handler: 'OnClass.handle', batch: null },
    ]);
    await publish(app.get(MqProducerService), 'created', 'once');
    await eventually(() => seen.includes('class:once'));
    expect(seen).toEqual(['class:once']);
  });

  it('lets an overriding method inherit the decoration', async () => {
    const app = await bootMq(db, config(), { providers: [Overriding] });
    await publish(app.get(MqProducerService), 'paid', 'x');
    await eventually(() => seen.includes('override:x'));
  });

  it('makes a request-scoped handler anew for each message, with the message as its request', async () => {
    PerMessage.made = 0;
    const app = await bootMq(db, config(), { providers: [PerMessage] });
    await publish(app.get(MqProducerService), 'created', 'one');
    await publish(app.get(MqProducerService), 'created', 'two');
    await eventually(() => seen.length === 2);
    expect(seen.toSorted()).toEqual(['scoped:one', 'scoped:two']);
    expect(PerMessage.made).toBe(2);
  });

  it('finds handlers of modules that are loaded later, when asked to', async () => {
    const { LazyModuleLoader } = await import('@nestjs/core');
    const app = await bootMq(db, config(), {});
    const consumers = app.get(MqConsumerService);
    expect(consumers.handlers()).toEqual([]);
    @Module({ providers: [OnClass] })
    class Late {}
    await app.get(LazyModuleLoader).load(() => Late);
    expect(await consumers.refresh()).toBe(1);
    await publish(app.get(MqProducerService), 'created', 'late');
    await eventually(() => seen.includes('class:late'));
  });

  it('warns of a configured group without a handler: its class may be missing among the providers', async () => {
    const warnings: string[] = [];
    const logger = { log: () => {}, warn: (line: unknown) => void warnings.push(String(line)), error: () => {} };
    await bootMq(db, { ...config(), log: { logger } }, { providers: [OnClass] });
    expect(warnings).toEqual([expect.stringMatching(/no handler of the group 'mail'.*among the providers/)]);
  });

  const refusedWith = async (code: string, providers: (new (...args: never[]) => unknown)[]): Promise<string> => {
    const error = await bootMq(db, config(), { providers }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MqError);
    expect((error as MqError).code).toBe(code);
    return (error as MqError).message;
  };

  it('refuses two handlers for the same messages, and names both', async () => {
    @MqConsumer('orders', 'stock', { tags: ['created', 'x'] })
    class Rival {
      handle(): void {}
    }
    const message = await refusedWith('MQ_DUPLICATE_HANDLER', [OnClass, Rival]);
    expect(message).toContain('OnClass.handle');
    expect(message).toContain('Rival.handle');
  });

  it('refuses unknown topics, groups and connections, with what is known', async () => {
    @MqConsumer('ordres', 'stock')
    class WrongTopic {
      handle(): void {}
    }
    @MqConsumer('orders', 'stocks')
    class WrongGroup {
      handle(): void {}
    }
    @MqConsumer('orders', 'stock', { connection: 'billing' })
    class WrongConnection {
      handle(): void {}
    }
    expect(await refusedWith('MQ_UNKNOWN_TOPIC', [WrongTopic])).toContain('Known: orders');
    expect(await refusedWith('MQ_UNKNOWN_GROUP', [WrongGroup])).toContain('Known: stock, mail');
    expect(await refusedWith('MQ_UNKNOWN_CONNECTION', [WrongConnection])).toContain('Known: default');
  });

  it('does not compile without handle()', () => {
    // @ts-expect-error a class under @MqConsumer needs handle(message, context)
    @MqConsumer('orders', 'stock')
    class NoHandle {}
    expect(NoHandle.name).toBe('NoHandle');
  });
});
