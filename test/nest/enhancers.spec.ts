import 'reflect-metadata';
import {
  type ArgumentMetadata,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  createParamDecorator,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, Reflector, REQUEST } from '@nestjs/core';
import { Type as Transformed } from 'class-transformer';
import { IsInt, IsPositive } from 'class-validator';
import {
  isMqExecution,
  MqConsumer,
  MqContext,
  MqCtx,
  MqEvents,
  MqHeader,
  MqKey,
  MqMessage,
  type MqModuleOptions,
  MqMsg,
  MqPayload,
  MqProducerService,
  MqTag,
} from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { map, type Observable, of, tap } from 'rxjs';
import { eventually } from '../support/eventually.js';
import { bootMq, mqDatabase } from '../support/mq-app.js';

const db = mqDatabase();
const config = (more: Partial<MqModuleOptions> = {}): MqModuleOptions => ({
  transport: memoryTransport(),
  topics: { orders: { topic: 'shop_orders' } },
  groups: { stock: { groupId: 'GID_stock', maxAttempts: 1 }, mail: { groupId: 'GID_mail', maxAttempts: 1 } },
  ...more,
});
const seen: unknown[] = [];
const note = (what: unknown): void => void seen.push(what);
beforeEach(() => void (seen.length = 0));

type App = Awaited<ReturnType<typeof bootMq>>;
async function publish(app: App, payload: unknown, more: object = {}): Promise<void> {
  await app.get(MqProducerService).publish('orders', { payload, key: 'order-1', ...more }, { transaction: 'own' });
}
/** Resolves with the event that ends the next delivery, by its name. */
function ending(app: App): Promise<{ name: string; event: { error?: { code: string; message: string } } }> {
  return new Promise((resolve) => {
    const off = app.get(MqEvents).onAny((name, event) => {
      if (name !== 'delivery.handled' && name !== 'delivery.parked' && name !== 'delivery.failed') return;
      off();
      resolve({ name, event: event as object });
    });
  });
}

class Sku {
  constructor(readonly value: string) {}
}
@Injectable()
class Catalogue {
  readonly skus = ['book'];
}
/** A class: Nest makes it with its dependencies. */
@Injectable()
class KnownSku implements PipeTransform {
  constructor(private readonly catalogue: Catalogue) {}
  transform(value: unknown, { type, data }: ArgumentMetadata): unknown {
    note(`pipe ${type} ${data} ${this.catalogue.skus.includes(value as string)}`);
    return new Sku(value as string);
  }
}
const Tenant = createParamDecorator((data: string, host: ExecutionContext) => {
  const message = host.switchToRpc().getData<MqMessage>();
  return `${data}:${message.headers['tenant']}`;
});
class OrderCreated {
  @IsInt()
  @IsPositive()
  @Transformed(() => Number)
  quantity!: number;
}

describe('parameters of a handler', () => {
  it('come from the message and its context, through their pipes', async () => {
    class Handler {
      @MqConsumer('orders', 'stock', { tags: 'created' })
      onCreated(
        @MqPayload('sku', KnownSku) sku: Sku,
        @MqPayload(new ValidationPipe({ transform: true, whitelist: true })) order: OrderCreated,
        @MqHeader('tenant', { transform: (value: string) => value.toUpperCase() }) tenant: string,
        @MqHeader('toString') none: unknown,
        @MqKey({ transform: (value: string) => value.length }) key: number,
        @MqTag() tag: string,
        @MqMsg() message: MqMessage,
        @MqCtx() { manager, attempt }: MqContext,
        @Tenant('of') own: string,
        more = 'default',
      ): void {
        note([sku.value, order, tenant, none, key, tag, message.payload, manager.constructor.name, attempt, own, more]);
      }

      @MqConsumer('orders', 'stock', { tags: 'paid' })
      onPaid(...given: unknown[]): void {
        note(given.map((value) => value?.constructor.name));
      }
    }
    const app = await bootMq(db, config(), { providers: [Handler, Catalogue] });
    const payload = { sku: 'book', quantity: '2', unknown: 1 };
    await publish(app, payload, { tag: 'created', headers: { tenant: 'acme' } });
    await eventually(() => seen.length === 2);
    await publish(app, payload, { tag: 'paid' });
    await eventually(() => seen.length === 3);
    const order = Object.assign(new OrderCreated(), { quantity: 2 });
    expect(seen).toEqual([
      'pipe body sku true',
      ['book', order, 'ACME', undefined, 7, 'created', payload, 'EntityManager', 1, 'of:acme', 'default'],
      ['MqMessage', 'MqContext'],
    ]);
  });
});

const Role = (role: string): MethodDecorator & ClassDecorator => SetMetadata('role', role);

@Injectable()
class Guard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}
  canActivate(host: ExecutionContext): boolean {
    const roles = this.reflector.getAllAndMerge<string[]>('role', [host.getClass(), host.getHandler()]);
    const rpc = host.switchToRpc();
    note(
      `guard ${host.getType()} ${isMqExecution(host)} ${host.getClass().name}.${host.getHandler().name} ${roles.join('+')} ` +
        `${rpc.getData() instanceof MqMessage} ${rpc.getContext() instanceof MqContext}`,
    );
    return true;
  }
}
const interceptor = (name: string): NestInterceptor => ({
  intercept: (_host, next: CallHandler): Observable<unknown> => {
    note(`${name} before`);
    return next.handle().pipe(
      tap((value) => note(`${name} after ${value}`)),
      map((value) => `${value}+${name}`),
    );
  },
});
const pipe = (name: string): PipeTransform => ({
  transform: (value: string, { type }) => {
    note(`pipe ${name} ${type}`);
    return value;
  },
});
const filter = (name: string, then: () => unknown): ExceptionFilter => {
  @Catch()
  class Filter implements ExceptionFilter {
    catch(error: Error, host: ArgumentsHost): unknown {
      note(`filter ${name} ${error.message} ${isMqExecution(host)}`);
      return then();
    }
  }
  return new Filter();
};

describe('enhancers', () => {
  it('run by class, method and parameter, in the order of Nest, and inside of the transaction', async () => {
    @MqConsumer('orders', 'stock')
    @Role('class')
    @UseGuards(Guard)
    @UseInterceptors(interceptor('class'))
    @UsePipes(pipe('class'))
    @UseFilters(filter('class', () => undefined))
    class Handler {
      @Role('method')
      @UseGuards({
        canActivate: async (host: ExecutionContext) => {
          const { manager } = host.switchToRpc().getContext<MqContext>();
          note(`guard method ${manager.queryRunner?.isTransactionActive}`);
          return true;
        },
      })
      @UseInterceptors(interceptor('method'))
      @UsePipes(pipe('method'))
      *handle(
        @MqPayload(pipe('parameter')) payload: string,
        @MqKey() key: string,
        @MqCtx() _context: MqContext,
      ): Generator<Promise<string>, string> {
        note(`handler ${payload} ${key}`);
        yield Promise.resolve('a step');
        return 'done';
      }
    }
    const app = await bootMq(db, config(), { providers: [Handler] });
    const handled = ending(app);
    await publish(app, 'a');
    expect((await handled).name).toBe('delivery.handled');
    expect(seen).toEqual([
      'guard mq true Handler.handle class+method true true',
      'guard method true',
      'class before',
      'method before',
      'pipe class body',
      'pipe method body',
      'pipe parameter body',
      'pipe class custom',
      'pipe method custom',
      'handler a order-1',
      'method after done',
      'class after done+method',
    ]);
  });

  it('that are made for each message get it as their REQUEST; those that are TRANSIENT their dependencies', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerMessage implements CanActivate, PipeTransform {
      constructor(
        @Inject(REQUEST) private readonly request: MqMessage,
        private readonly catalogue: Catalogue,
      ) {}
      canActivate(host: ExecutionContext): boolean {
        note(`guard ${this.request === host.switchToRpc().getData()}`);
        return true;
      }
      transform(value: unknown): unknown {
        note(`pipe ${this.request.payload === value} ${this.catalogue.skus.length}`);
        return value;
      }
    }
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient implements NestInterceptor {
      constructor(private readonly catalogue: Catalogue) {}
      intercept(_host: ExecutionContext, next: CallHandler): Observable<unknown> {
        note(`transient ${this.catalogue.skus.length}`);
        return next.handle();
      }
    }
    @MqConsumer('orders', 'stock')
    @UseGuards(PerMessage)
    class Scoped {
      constructor(@Inject(REQUEST) private readonly request: MqMessage) {}
      handle(@MqPayload(PerMessage) payload: string, @MqMsg() message: MqMessage): void {
        note(`scoped ${payload} ${this.request === message}`);
      }
    }
    @MqConsumer('orders', 'mail')
    @UseInterceptors(Transient)
    class Fixed {
      handle(): void {
        note('fixed');
      }
    }
    const app = await bootMq(db, config(), { providers: [Scoped, Catalogue, Fixed] });
    await publish(app, 'a');
    await eventually(() => seen.length === 5);
    expect(seen.filter((text) => !/transient|fixed/.test(text as string))).toEqual([
      'guard true',
      'pipe true 1',
      'scoped a true',
    ]);
    expect(seen.filter((text) => /transient|fixed/.test(text as string))).toEqual(['transient 1', 'fixed']);
  });

  it('that are done before the handler is do not end its transaction', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    @MqConsumer('orders', 'stock')
    @UseInterceptors({
      intercept: (_host: ExecutionContext, next: CallHandler): Observable<unknown> => {
        next.handle().subscribe({ error: () => undefined });
        return of('early');
      },
    })
    class Slow {
      async handle(): Promise<void> {
        note('began');
        await released;
        throw new Error('nobody listens any more');
      }
    }
    const app = await bootMq(db, config(), { providers: [Slow] });
    const ended = ending(app);
    await publish(app, 'a');
    await eventually(() => seen.length === 1);
    release();
    const { name, event } = await ended;
    expect(name).toBe('delivery.parked');
    expect(event.error?.message).toBe('nobody listens any more');
  });
});

describe('enhancers of the whole application', () => {
  const globals = (): { provide: symbol | string; useValue: unknown }[] => [
    {
      provide: APP_GUARD,
      useValue: {
        canActivate: (host: ExecutionContext) => {
          note(`guard ${host.getType()}`);
          return true;
        },
      },
    },
    { provide: APP_INTERCEPTOR, useValue: interceptor('global') },
    { provide: APP_PIPE, useValue: pipe('global') },
    { provide: APP_FILTER, useValue: filter('global', () => 'acknowledged?') },
  ];
  class Handler {
    @MqConsumer('orders', 'stock')
    @UseFilters({ catch: () => note('own filter') })
    handle(@MqPayload() payload: string): void {
      throw new Error(payload);
    }
  }

  it('never see a message unless they are asked to; then by kind', async () => {
    const app = await bootMq(db, config(), { providers: [Handler, ...globals()] });
    const parked = ending(app);
    await publish(app, 'a');
    await parked;
    expect(seen).toEqual(['own filter']);
    seen.length = 0;

    const asked = await bootMq(db, config({ globalEnhancers: ['guards', 'pipes'] }), {
      providers: [Handler, ...globals()],
    });
    const again = ending(asked);
    await publish(asked, 'b');
    await again;
    expect(seen).toEqual(['guard mq', 'pipe global body', 'own filter']);
  });

  it('come first, filters last, and may be made for each message', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerMessage implements CanActivate {
      constructor(@Inject(REQUEST) private readonly request: MqMessage) {}
      canActivate(host: ExecutionContext): boolean {
        note(`per message ${this.request === host.switchToRpc().getData()}`);
        return true;
      }
    }
    class Plain {
      @MqConsumer('orders', 'stock')
      handle(message: MqMessage): void {
        note(`handler ${message.payload}`);
        throw new Error('x');
      }
    }
    const app = await bootMq(db, config({ globalEnhancers: true }), {
      providers: [Plain, ...globals(), { provide: APP_GUARD, useClass: PerMessage }],
    });
    const parked = ending(app);
    await publish(app, 'a');
    const { event } = await parked;
    expect(seen).toEqual(['guard mq', 'per message true', 'global before', 'handler a', 'filter global x true']);
    expect(event.error?.message).toBe('x');
  });

  it('are named in the configuration, or it is refused', async () => {
    const wrong = bootMq(db, config({ globalEnhancers: ['guard'] as never }), {});
    await expect(wrong).rejects.toThrow("globalEnhancers: must be true, false, or a list of 'guards'");
  });
});
