import 'reflect-metadata';
import { Inject, Injectable, Module, type Provider, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { MqConsumer, MqConsumerService, MqError, MqMessage, MqModule, MqProducerService } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { eventually } from '../support/eventually.js';
import { bootMq, closeApps, mqDatabase, typeOrm } from '../support/mq-app.js';

const db = mqDatabase();
const config = () => ({
  transport: memoryTransport(),
  topics: { orders: { topic: 'shop_orders' } },
  groups: { stock: { groupId: 'GID_stock' }, mail: { groupId: 'GID_mail' } },
});
const seen: string[] = [];
const note = (who: string, message: MqMessage): void => void seen.push(`${who}:${String(message.payload)}`);

@Injectable()
class Clerk {
  readonly name = 'clerk';
}

type App = Awaited<ReturnType<typeof bootMq>>;
const publish = (app: App, ...payloads: string[]): Promise<unknown> =>
  app.get(MqProducerService).publishAll(
    payloads.map((payload) => ({ topic: 'orders', tag: 'created', payload })),
    { transaction: 'own' },
  );
const handlers = (app: App): string[] =>
  app
    .get(MqConsumerService)
    .handlers()
    .map(({ handler, group }) => `${handler} ${group}`);

beforeEach(() => void (seen.length = 0));

describe('the scope of a handler', () => {
  it('TRANSIENT: a new instance with its dependencies for each message', async () => {
    let made = 0;
    @MqConsumer('orders', 'stock')
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient {
      private readonly number = ++made;
      constructor(private readonly clerk: Clerk) {}
      handle(message: MqMessage): void {
        note(`${this.clerk.name} ${this.number <= made}`, message);
      }
    }
    const app = await bootMq(db, config(), { providers: [Transient, Clerk] });
    await publish(app, 'a', 'b');
    await eventually(() => seen.length === 2);
    expect(seen.toSorted()).toEqual(['clerk true:a', 'clerk true:b']);
    expect(made).toBe(2);
  });

  it('REQUEST: two handlers under one token in two modules each get their own messages', async () => {
    @MqConsumer('orders', 'stock')
    @Injectable({ scope: Scope.REQUEST })
    class Stock {
      constructor(@Inject(REQUEST) private readonly request: MqMessage) {}
      handle(message: MqMessage): void {
        note(`stock ${this.request === message}`, message);
      }
    }
    @MqConsumer('orders', 'mail')
    @Injectable({ scope: Scope.REQUEST })
    class Mail {
      handle(message: MqMessage): void {
        note('mail', message);
      }
    }
    @Module({ providers: [{ provide: 'HANDLER', useClass: Stock }] })
    class StockModule {}
    @Module({ providers: [{ provide: 'HANDLER', useClass: Mail }] })
    class MailModule {}
    const app = await bootMq(db, config(), { imports: [StockModule, MailModule] });
    await publish(app, 'a');
    await eventually(() => seen.length === 2);
    expect(seen.toSorted()).toEqual(['mail:a', 'stock true:a']);
  });

  it('REQUEST: a module that is loaded after the first message has its handlers too', async () => {
    const { LazyModuleLoader } = await import('@nestjs/core');
    @MqConsumer('orders', 'stock')
    @Injectable({ scope: Scope.REQUEST })
    class First {
      handle(message: MqMessage): void {
        note('first', message);
      }
    }
    @MqConsumer('orders', 'mail')
    @Injectable({ scope: Scope.REQUEST })
    class Late {
      handle(message: MqMessage): void {
        note('late', message);
      }
    }
    const app = await bootMq(db, config(), { providers: [First] });
    await publish(app, 'a');
    await eventually(() => seen.includes('first:a'));
    @Module({ providers: [Late] })
    class LateModule {}
    await app.get(LazyModuleLoader).load(() => LateModule);
    await app.get(MqConsumerService).refresh();
    await publish(app, 'b');
    await eventually(() => seen.includes('late:b'));
  });

  it('REQUEST: what a factory makes for each message is found by the class that it stands for', async () => {
    @MqConsumer('orders', 'stock')
    class Made {
      constructor(private readonly request: MqMessage) {}
      handle(message: MqMessage): void {
        note(`made ${this.request === message}`, message);
      }
    }
    const factory: Provider = {
      provide: Made,
      scope: Scope.REQUEST,
      inject: [REQUEST],
      useFactory: (request: MqMessage) => new Made(request),
    };
    const app = await bootMq(db, config(), { providers: [factory] });
    await publish(app, 'a');
    await eventually(() => seen.includes('made true:a'));
  });
});

@MqConsumer('orders', 'stock')
class Base {
  handle(message: MqMessage): void {
    note(this.constructor.name, message);
  }
}
class Sub extends Base {}

describe('the class of a handler', () => {
  it('inherits the decoration of the class that it extends', async () => {
    const app = await bootMq(db, config(), { providers: [Sub] });
    expect(handlers(app)).toEqual(['Sub.handle stock']);
    await publish(app, 'a');
    await eventually(() => seen.includes('Sub:a'));
  });

  it('says with a decoration of its own what it handles instead', async () => {
    @MqConsumer('orders', 'mail')
    class Other extends Base {}
    expect(handlers(await bootMq(db, config(), { providers: [Base, Other] }))).toEqual([
      'Base.handle stock',
      'Other.handle mail',
    ]);
  });

  it.each([
    ['a class and one that extends it', () => [Base, Sub]],
    [
      'two that share an undecorated handle, and their name',
      () => [
        { provide: 'one', useClass: class Twin extends Base {} },
        { provide: 'two', useClass: class Twin extends Base {} },
      ],
    ],
  ])('is one of two that want the same messages: %s', async (_, providers) => {
    const error = await bootMq(db, config(), { providers: providers() }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MqError);
    expect(error).toMatchObject({ code: 'MQ_DUPLICATE_HANDLER' });
  });

  it.each([Scope.DEFAULT, Scope.REQUEST, Scope.TRANSIENT])(
    'may be overridden by one that extends it in a test (scope %#)',
    async (scope) => {
      @MqConsumer('orders', 'stock')
      @Injectable({ scope })
      class Real {
        handle(message: MqMessage): void {
          note('real', message);
        }
      }
      class Fake extends Real {
        override handle(message: MqMessage): void {
          note('fake', message);
        }
      }
      const imports = [typeOrm(db), MqModule.forRoot({ migrate: true, ...config() })];
      const testing = Test.createTestingModule({ imports, providers: [Real] });
      const module = await testing.overrideProvider(Real).useClass(Fake).compile();
      module.useLogger(false);
      const app = await (await closeApps.add(Promise.resolve(module))).init();
      expect(handlers(app)).toEqual(['Fake.handle stock']);
      await publish(app, 'a');
      await eventually(() => seen.includes('fake:a'));
      expect(seen).toEqual(['fake:a']);
    },
  );
});

describe('decorators beside @MqConsumer', () => {
  type Class = abstract new (...args: never[]) => { handle(...args: never[]): unknown };
  /** As tracing and caching libraries do it: a nameless class in place of the decorated one. */
  const extended = <T extends Class>(target: T): T =>
    // @ts-expect-error a mixin would want a constructor of any[]
    class extends target {};
  const proxied = <T extends Class>(target: T): T => new Proxy(target, {});
  const copied = <T extends Class>(target: T): T => {
    const copy = class {};
    Object.defineProperties(copy.prototype, {
      handle: { value: (target.prototype as { handle: unknown }).handle },
    });
    for (const key of Reflect.getOwnMetadataKeys(target) as unknown[]) {
      Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, target), copy);
    }
    return copy as unknown as T;
  };

  it.each([
    ['extends the class', extended, 'Wrapped.handle'],
    ['puts a proxy in its place', proxied, 'Wrapped.handle'],
    ['puts another class in its place, with the metadata', copied, 'copy.handle'],
  ])('a decorator above that %s hides nothing', async (_, wrap, name) => {
    @wrap
    @MqConsumer('orders', 'stock')
    class Wrapped {
      handle(message: MqMessage): void {
        note('wrapped', message);
      }
    }
    const app = await bootMq(db, config(), { providers: [Wrapped] });
    expect(handlers(app)).toEqual([`${name} stock`]);
    await publish(app, 'a');
    await eventually(() => seen.includes('wrapped:a'));
  });

  it('a proxy between two of ours hides neither', async () => {
    @MqConsumer('orders', 'mail')
    @proxied
    @MqConsumer('orders', 'stock')
    class Wrapped {
      handle(): void {}
    }
    expect(handlers(await bootMq(db, config(), { providers: [Wrapped] })).toSorted()).toEqual([
      'Wrapped.handle mail',
      'Wrapped.handle stock',
    ]);
  });

  it('a decorator above, between or below that puts another function, or a getter, in place of a method hides nothing', async () => {
    const replaced = (_: object, _key: unknown, descriptor: PropertyDescriptor): PropertyDescriptor => {
      const method = descriptor.value as (...args: unknown[]) => unknown;
      const value = function (this: unknown, ...args: unknown[]): unknown {
        return method.apply(this, args);
      };
      return { ...descriptor, value };
    };
    const bound = (_: object, _key: unknown, { value }: PropertyDescriptor): PropertyDescriptor => ({
      configurable: true,
      get(this: unknown) {
        return (value as () => unknown).bind(this);
      },
    });
    class Methods {
      readonly who = 'method';
      @bound
      @MqConsumer('orders', 'mail', { tags: 'created' })
      @replaced
      @MqConsumer('orders', 'stock', { tags: 'created' })
      on(message: MqMessage): void {
        note(`${this.who} ${message.group}`, message);
      }

      @MqConsumer('orders', 'mail', { tags: 'paid' })
      @bound
      [Symbol.for('paid')](): void {}
    }
    const app = await bootMq(db, config(), { providers: [Methods] });
    expect(handlers(app).toSorted()).toEqual(['Methods.Symbol(paid) mail', 'Methods.on mail', 'Methods.on stock']);
    await publish(app, 'a');
    await eventually(() => seen.length === 2);
    expect(seen.toSorted()).toEqual(['method mail:a', 'method stock:a']);
  });
});

describe('what cannot be called', () => {
  it.each([Scope.DEFAULT, Scope.REQUEST, Scope.TRANSIENT])(
    'is refused at boot, with class and method (scope %#)',
    async (scope) => {
      class Forgetful {}
      Injectable({ scope })(Forgetful);
      MqConsumer('orders', 'stock')(Forgetful as never);
      const error = await bootMq(db, config(), { providers: [Forgetful] }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MqError);
      expect(error).toMatchObject({ code: 'MQ_HANDLER_INVALID' });
      expect((error as MqError).message).toContain('Forgetful.handle');
    },
  );

  it('is refused where it is decorated, if it is static', () => {
    expect(() => {
      class Static {
        @MqConsumer('orders', 'stock')
        static handle(): void {}
      }
      return Static;
    }).toThrow(
      expect.objectContaining({ code: 'MQ_HANDLER_INVALID', message: expect.stringContaining('Static.handle') }),
    );
  });

  it('does not include a function in a field', async () => {
    @MqConsumer('orders', 'stock')
    class Field {
      readonly handle = (message: MqMessage): void => note('field', message);
    }
    const app = await bootMq(db, config(), { providers: [Field] });
    await publish(app, 'a');
    await eventually(() => seen.includes('field:a'));
  });
});
