import 'reflect-metadata';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  type INestApplication,
  type INestMicroservice,
  Injectable,
  Module,
  type PipeTransform,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { ModuleRef, REQUEST } from '@nestjs/core';
import { type AsyncMicroserviceOptions, Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  defineTopic,
  Discard,
  MqConsumerService,
  MqContext,
  MqEvents,
  MqModule,
  MqProducerService,
  PermanentError,
} from 'nestjs-reliable-mq';
import { MQ_TRANSPORT, MqEventContext, MqServer } from 'nestjs-reliable-mq/microservices';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { EMPTY, type Observable, of, tap, throwError } from 'rxjs';
import * as z from 'zod';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { typeOrm } from '../support/mq-app.js';
import { OWN } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const Typed = defineTopic('typed', z.object({ id: z.string().transform((id) => id.toUpperCase()) }));
const seen: string[] = [];
const note = (what: unknown): void => void seen.push(String(what));

@Catch(TypeError)
class TypeErrors implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): Observable<unknown> {
    note(`filter ${host.getType()} ${error.message}`);
    return error.message === 'ours' ? throwError(() => new PermanentError('by the filter')) : EMPTY;
  }
}
const pipe: PipeTransform = {
  transform: (value: unknown, { type }) => (type === 'body' ? { ...(value as object), piped: true } : value),
};
const guard = {
  canActivate: (host: ExecutionContext): boolean => {
    const rpc = host.switchToRpc();
    note(`guard ${host.getType()} ${rpc.getContext() instanceof MqContext}`);
    return (rpc.getData() as { closed?: boolean }).closed !== true;
  },
};
const interceptor = {
  intercept: (_host: ExecutionContext, next: { handle(): Observable<unknown> }): Observable<unknown> => {
    note('before');
    return next.handle().pipe(tap({ complete: () => note('after') }));
  },
};

let tables: Tables;

@Controller()
@UseGuards(guard)
@UseFilters(TypeErrors)
class OrdersController {
  @EventPattern<string>('orders', { group: 'stock', tags: ['created'] })
  @UseInterceptors(interceptor)
  @UsePipes(pipe)
  async created(@Payload() payload: object, @Ctx() context: MqEventContext): Promise<void> {
    await tables.effect(context, context.message, `attempt ${context.attempt}`);
    note(`${JSON.stringify(payload)} ${context.message.key} ${context.manager.queryRunner?.isTransactionActive}`);
    if (context.attempt === 1) throw new Error('not yet');
  }

  @EventPattern<string>('orders', MQ_TRANSPORT, { group: 'stock', tags: 'paid' })
  paid(@Payload('how') how: string): Observable<unknown> {
    note(how);
    if (how === 'observable') return throwError(() => new PermanentError('no such order'));
    if (how === 'discard') throw new Discard('nobody wants it');
    if (how === 'filtered') throw new TypeError('ours');
    if (how === 'swallowed') throw new TypeError('theirs');
    return of(how);
  }

  @EventPattern(Typed, { group: 'stock' })
  typed(@Payload('id') id: string): void {
    note(id);
  }
}
@Injectable({ scope: Scope.REQUEST })
class PerMessage {
  constructor(@Inject(REQUEST) private readonly request: { data: { how: string } }) {}
  get how(): string {
    return this.request.data.how;
  }
}
@Controller()
class ScopedController {
  constructor(private readonly message: PerMessage) {}

  @EventPattern<string>('orders', { group: 'mail' })
  mail(): void {
    if (this.message.how === 'observable') throw new PermanentError('scoped');
  }
}

const config = {
  topics: { orders: { topic: 'shop_orders' }, typed: { topic: 'shop_typed' } },
  groups: { stock: { groupId: 'GID_stock', tags: ['created', 'paid'] }, mail: { groupId: 'GID_mail', tags: ['paid'] } },
  consume: { backoff: { base: 1, cap: 1 }, maxAttempts: 3 },
  reproduce: { idle: '100ms' },
  migrate: true,
};

describeDatabases(
  'handlers under @EventPattern',
  (db) => {
    const all = new Tables(db);
    let app: INestApplication;

    const compile = (...controllers: object[]): Promise<TestingModule> => {
      @Module({
        imports: [typeOrm(db), MqModule.forRoot({ ...config, transport: memoryTransport() })],
        controllers: controllers as never[],
        providers: [PerMessage],
      })
      class App {}
      return Test.createTestingModule({ imports: [App] }).compile();
    };
    const create = async (...controllers: object[]): Promise<INestApplication> =>
      (await compile(...controllers)).createNestApplication({ logger: false });
    /** Publishes one message, and answers how each of its deliveries ended. */
    const outcomes = async (topic: string, tag: string, payload: object, ends = 1): Promise<string[]> => {
      const ended: string[] = [];
      const off = app.get(MqEvents).onAny((name, event) => {
        if (/^delivery\.(handled|failed|parked|discarded)$/.test(name)) {
          const { group, error } = event as { group: string; error?: { code: string; message: string } };
          ended.push(`${group} ${name.slice('delivery.'.length)}${error ? ` ${error.message}` : ''}`);
        }
      });
      await app.get(MqProducerService).publish(topic, { tag, payload, key: 'k' }, OWN);
      await eventually(() => ended.length >= ends);
      off();
      return ended.toSorted();
    };

    beforeAll(async () => {
      tables = all;
      app = await create(OrdersController, ScopedController);
      app.connectMicroservice({ strategy: new MqServer(app) });
      await app.startAllMicroservices();
      await app.init();
    });
    beforeEach(() => void (seen.length = 0));
    afterAll(() => app.close());

    it('run in the transaction of their delivery, behind the enhancers of RPC, until they succeed', async () => {
      const registered = app.get(MqConsumerService).handlers();
      expect(registered.map(({ handler, topic, group }) => `${handler} ${topic} ${group}`).toSorted()).toEqual([
        'OrdersController.created orders stock',
        'OrdersController.paid orders stock',
        'OrdersController.typed typed stock',
        'ScopedController.mail orders mail',
      ]);
      expect(await outcomes('orders', 'created', { sku: 'book' }, 2)).toEqual([
        expect.stringMatching(/^stock failed.*not yet/s),
        'stock handled',
      ]);
      const attempt = ['guard rpc true', 'before', '{"sku":"book","piped":true} k true'];
      expect(seen).toEqual([...attempt, ...attempt, 'after']);
      expect(await tables.notes()).toEqual(['attempt 2']);
      expect(await tables.inbox()).toHaveLength(1);
    });

    it('are acknowledged by what becomes of them: verdicts, filters, guards', async () => {
      const paid = (how: string, ends = 2): Promise<string[]> => outcomes('orders', 'paid', { how }, ends);
      expect(await paid('well')).toEqual(['mail handled', 'stock handled']);
      const parked = await paid('observable');
      expect(parked).toEqual([
        expect.stringMatching(/^mail parked.*scoped/s),
        expect.stringMatching(/^stock parked.*no such order/s),
      ]);
      expect(await paid('discard')).toEqual(['mail handled', expect.stringMatching(/^stock discarded/)]);
      expect(await paid('filtered')).toEqual(['mail handled', expect.stringMatching(/^stock parked.*by the filter/s)]);
      expect(await paid('swallowed')).toEqual(['mail handled', 'stock handled']);
      expect(seen.filter((line) => line.startsWith('filter '))).toEqual(['filter rpc ours', 'filter rpc theirs']);
      const refused = await outcomes('orders', 'created', { closed: true }, 3);
      expect(refused).toEqual([
        ...Array<unknown>(2).fill(expect.stringMatching(/^stock failed.*Forbidden resource/s)),
        expect.stringMatching(/^stock parked.*Forbidden resource/s),
      ]);
      seen.length = 0;
      await outcomes('typed', 'created', { id: 'a' });
      expect(seen).toEqual(['guard rpc true', 'A']);
    });

    it('begin with an application that is nothing but a server, and as soon as one is connected that runs already', async () => {
      const counted = (of: INestApplication | INestMicroservice): number => of.get(MqConsumerService).handlers().length;
      const late = await create(ScopedController);
      await late.init();
      expect(counted(late)).toBe(0);
      late.connectMicroservice({ strategy: new MqServer(late) });
      await late.startAllMicroservices();
      expect(counted(late)).toBe(1);
      await late.close();
      const server = (await compile(ScopedController)).createNestMicroservice<AsyncMicroserviceOptions>({
        inject: [ModuleRef],
        useFactory: (ref: ModuleRef) => ({ strategy: new MqServer(ref) }),
        logger: false,
      } as AsyncMicroserviceOptions);
      await server.listen();
      expect(counted(server)).toBe(1);
      await server.close();
    });

    it('are refused while the application boots where they could not work', async () => {
      @Controller()
      class Replies {
        @MessagePattern<string>('orders', { group: 'stock' })
        reply(): void {}
      }
      @Controller()
      class NoGroup {
        @EventPattern<string>('orders')
        created(): void {}
      }
      for (const [controller, why] of [
        [Replies, /Replies\.reply .*@MessagePattern\(\) answers/],
        [NoGroup, /NoGroup\.created .*no consumer group/],
      ] as const) {
        const other = await create(controller);
        expect(() => other.connectMicroservice({ strategy: new MqServer(other) })).toThrow(
          expect.objectContaining({ code: 'MQ_HANDLER_INVALID', message: expect.stringMatching(why) }),
        );
        await other.close();
      }
    });
  },
  ['PostgreSQL', 'MariaDB'],
);
