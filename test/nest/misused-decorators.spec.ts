import 'reflect-metadata';
import { Body, type CanActivate, type Type, UseGuards, UsePipes, ValidationPipe } from '@nestjs/common';
import {
  MqConsumer,
  type MqContext,
  MqCtx,
  MqError,
  MqKey,
  type MqMessage,
  MqPayload,
  MqTag,
} from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { bootMq, mqDatabase } from '../support/mq-app.js';

const db = mqDatabase();
const config = () => ({
  transport: memoryTransport(),
  topics: { orders: { topic: 'shop_orders' } },
  groups: { stock: { groupId: 'GID_stock' } },
});

class Guard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

describe('a decorator where it can do nothing', () => {
  const boots = (handler: Type): Promise<unknown> => bootMq(db, config(), { providers: [handler] });
  const refused = async (work: Promise<unknown>, text: string): Promise<void> => {
    const error = await work.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(MqError);
    expect((error as MqError).code).toBe('MQ_HANDLER_INVALID');
    expect((error as MqError).message).toContain(text);
  };

  it('is an error at boot with class and method', async () => {
    class Unreached {
      other(@MqPayload() _payload: unknown): void {}
    }
    await refused(boots(Unreached), 'Unreached.other has a parameter with @MqPayload(), and handles no messages');

    @MqConsumer('orders', 'stock')
    class Gap {
      handle(@MqPayload() _payload: unknown, _context: MqContext): void {}
    }
    await refused(boots(Gap), 'Parameter 2 of Gap.handle has no decorator');

    @MqConsumer('orders', 'stock')
    class Foreign {
      handle(@Body() _body: unknown): void {}
    }
    await refused(boots(Foreign), 'Parameter 1 of Foreign.handle has a decorator for requests');

    @MqConsumer('orders', 'stock')
    @UsePipes(new ValidationPipe())
    class Unpiped {
      handle(_message: MqMessage): void {}
    }
    await refused(boots(Unpiped), 'Unpiped.handle has pipes and no parameter that goes through them');

    @MqConsumer('orders', 'stock')
    @UseGuards(Guard)
    class Guarded {
      handle(): void {}
    }
    const made = bootMq(db, config(), { providers: [{ provide: 'X', useFactory: () => new Guarded() }] });
    await refused(made, 'The guard Guard of Guarded.handle is not made by Nest, so messages would pass without it');
  });

  it('is a ValidationPipe that would let everything pass, for want of a class', async () => {
    interface Order {
      id: string;
    }
    class Dto {
      id!: string;
    }
    const pipe = new ValidationPipe();
    class OfItsOwn extends ValidationPipe {}
    const handlers: [what: string, make: () => Type][] = [
      [
        'no class for its type',
        () => {
          @MqConsumer('orders', 'stock')
          class Stock {
            handle(@MqPayload(pipe) _order: Order): void {}
          }
          return Stock;
        },
      ],
      [
        'a list for its type',
        () => {
          @MqConsumer('orders', 'stock')
          @UsePipes(ValidationPipe)
          class Stock {
            handle(@MqPayload() _orders: Dto[]): void {}
          }
          return Stock;
        },
      ],
      [
        'a text for its type',
        () => {
          @MqConsumer('orders', 'stock')
          class Stock {
            handle(@MqPayload(pipe) _order: string): void {}
          }
          return Stock;
        },
      ],
      [
        'no class that is known here',
        () => {
          class Stock {
            handle(_order: unknown): void {}
          }
          // As a compiler has it that writes no metadata.
          MqPayload(pipe)(Stock.prototype, 'handle', 0);
          MqConsumer('orders', 'stock')(Stock);
          return Stock;
        },
      ],
    ];
    for (const [what, make] of handlers)
      await refused(boots(make()), `Parameter 1 of Stock.handle goes through a ValidationPipe, and has ${what}`);

    for (const knows of [new ValidationPipe({ expectedType: Dto }), new OfItsOwn()]) {
      @MqConsumer('orders', 'stock')
      class Stock {
        handle(@MqPayload(knows) _order: Order): void {}
      }
      await boots(Stock);
    }
  });

  it('is an error when the class is defined, where no method is', async () => {
    const define = async (make: () => unknown): Promise<unknown> => make();
    await refused(
      define(() => {
        class Made {
          constructor(@MqPayload() _payload: unknown) {}
        }
        return Made;
      }),
      '@MqPayload() stands at a parameter of the constructor of Made',
    );
    await refused(
      define(() => {
        class Fixed {
          static handle(@MqCtx() _context: unknown): void {}
        }
        return Fixed;
      }),
      '@MqCtx() stands at a parameter of the static method handle of Fixed',
    );
    await refused(
      define(() => {
        class Twice {
          handle(@MqKey() @MqTag() _text: unknown): void {}
        }
        return Twice;
      }),
      'Parameter 1 of Twice.handle has @MqTag() and @MqKey()',
    );
  });
});
