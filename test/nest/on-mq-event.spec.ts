import 'reflect-metadata';
import { Controller, Injectable, Module, Scope } from '@nestjs/common';
import {
  MqConsumer,
  MqError,
  MqEvents,
  type MqEventMap,
  type MqLogLine,
  MqModule,
  type MqModuleOptions,
  MqProducerService,
  OnMqEvent,
} from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { eventually } from '../support/eventually.js';
import { bootMq, mqDatabase } from '../support/mq-app.js';

const db = mqDatabase();
const lines: MqLogLine[] = [];
const keep = (line: unknown): void => void lines.push(line as MqLogLine);
const config = (more: Partial<MqModuleOptions> = {}): MqModuleOptions => ({
  transport: memoryTransport(),
  topics: { orders: { topic: 'shop_orders' } },
  groups: { stock: { groupId: 'GID_stock', maxAttempts: 1 } },
  log: { logger: { log: keep, warn: keep, error: keep, debug: keep } },
  ...more,
});
const heard: string[] = [];
const hear = (what: string): void => void heard.push(what);

@Injectable()
class Name {
  readonly name = 'clerk';
}

class Base {
  constructor(protected readonly name: Name) {}

  @OnMqEvent('delivery.parked')
  @OnMqEvent('delivery.handled')
  ended({ group, messageId, ...event }: MqEventMap['delivery.parked'] | MqEventMap['delivery.handled']): void {
    hear(`${this.name.name} ${group} ${messageId.length} ${'error' in event ? event.error.message : 'handled'}`);
  }
}
@Injectable()
class Clerk extends Base {
  constructor(name: Name) {
    super(name);
  }
}
@Controller()
class Desk {
  @OnMqEvent('message.published')
  published({ count }: MqEventMap['message.published']): void {
    hear(`published ${count}`);
  }

  @OnMqEvent('delivery.parked', { connection: 'billing' })
  never(): void {
    hear('of another connection');
  }
}
@MqConsumer('orders', 'stock')
class Handler {
  handle({ payload }: { payload: unknown }): void {
    if (payload === 'bad') throw new Error('bad payload');
  }
}

describe('@OnMqEvent', () => {
  beforeEach(() => {
    heard.length = 0;
    lines.length = 0;
  });

  it('lets methods of providers and controllers hear of their connection, once each', async () => {
    @Module({ providers: [{ provide: 'other', useExisting: Clerk }, Clerk, Name], exports: [Clerk] })
    class ClerkModule {}
    const billing = config({ name: 'billing', topics: {}, groups: {}, tables: { prefix: 'billing_' } });
    const app = await bootMq(db, config(), {
      imports: [ClerkModule, MqModule.forRoot({ ...billing, migrate: true })],
      providers: [Handler, { provide: 'same', useFactory: (clerk: Clerk) => clerk, inject: [Clerk] }],
      controllers: [Desk],
    });
    const publish = (payload: string): Promise<unknown> =>
      app.get(MqProducerService).publish('orders', { payload }, { transaction: 'own' });
    await publish('good');
    await eventually(() => heard.length === 2);
    await publish('bad');
    await eventually(() => heard.length === 4);
    expect(heard).toEqual(['published 1', 'clerk stock 36 handled', 'published 1', 'clerk stock 36 bad payload']);
    await app.close();
    app.get(MqEvents).emit('delivery.parked', {} as never);
    expect(heard).toHaveLength(4);
  });

  it('logs and tells of one that fails, which disturbs nobody', async () => {
    class Failing {
      @OnMqEvent('delivery.handled')
      throws(): void {
        hear('throws');
        throw new TypeError('a mistake');
      }

      @OnMqEvent('delivery.handled')
      async rejects(): Promise<void> {
        hear('rejects');
        return Promise.reject(new MqError('MQ_TRANSACTION_REQUIRED', 'no transaction'));
      }

      @OnMqEvent('delivery.handled')
      works(): void {
        hear('works');
      }

      @OnMqEvent('listener.failed')
      throwsAgain({ listener, to }: MqEventMap['listener.failed']): void {
        hear(`${listener} ${to}`);
        throw new Error('for ever');
      }
    }
    const app = await bootMq(db, config(), { providers: [Failing, Handler] });
    const failures: string[] = [];
    app.get(MqEvents).on('listener.failed', ({ listener, error }) => failures.push(`${listener} ${error.code}`));
    await app.get(MqProducerService).publish('orders', { payload: 'good' }, { transaction: 'own' });
    await eventually(() => failures.length === 4);
    expect(failures.toSorted()).toEqual([
      'Failing.rejects MQ_TRANSACTION_REQUIRED',
      'Failing.throws MQ_LISTENER_FAILED',
      'Failing.throwsAgain MQ_LISTENER_FAILED',
      'Failing.throwsAgain MQ_LISTENER_FAILED',
    ]);
    expect(heard.toSorted()).toEqual([
      'Failing.rejects delivery.handled',
      'Failing.throws delivery.handled',
      'rejects',
      'throws',
      'works',
    ]);
    const logged = lines.filter(({ event }) => event === 'listener.failed');
    expect(logged.map(({ msg }) => msg)).toContain(
      'Failing.throws, which listens to delivery.handled, failed: TypeError: a mistake',
    );
    expect(logged[0]).toMatchObject({ code: expect.stringMatching(/^MQ_/) as string });
  });

  it('is refused at boot where nothing could listen', async () => {
    const refused = async (work: Promise<unknown>, code: string, text: string): Promise<void> => {
      const error = await work.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(MqError);
      expect((error as MqError).code).toBe(code);
      expect((error as MqError).message).toContain(text);
    };
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      @OnMqEvent('delivery.parked')
      tell(): void {}
    }
    const scoped = bootMq(db, config(), { providers: [PerRequest] });
    await refused(
      scoped,
      'MQ_HANDLER_INVALID',
      "PerRequest.tell listens to 'delivery.parked', but PerRequest is made anew",
    );

    class Elsewhere {
      @OnMqEvent('delivery.parked', { connection: 'nowhere' })
      tell(): void {}
    }
    const elsewhere = bootMq(db, config(), { providers: [Elsewhere] });
    await refused(elsewhere, 'MQ_UNKNOWN_CONNECTION', "Elsewhere.tell belongs to the connection 'nowhere'");

    const define = async (): Promise<unknown> => {
      class Fixed {
        @OnMqEvent('delivery.parked')
        static tell(): void {}
      }
      return Fixed;
    };
    await refused(
      define(),
      'MQ_HANDLER_INVALID',
      'Fixed.tell is static, and @OnMqEvent() wants a method of the instance',
    );
  });
});
