import 'reflect-metadata';
import {
  BadRequestException,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  type Type,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  ValidationPipe,
} from '@nestjs/common';
import { IsInt } from 'class-validator';
import {
  Discard,
  MqConsumer,
  MqContext,
  MqCtx,
  MqKey,
  MqMessage,
  MqMsg,
  MqPayload,
  PermanentError,
  RetryLater,
} from 'nestjs-reliable-mq';
import { map } from 'rxjs';
import { describeDatabases, useTestDatabase } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode, type Node, type NodeSetup, OWN, pending, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

class Quantity {
  @IsInt()
  quantity!: number;
}
/** What a test wants to be thrown, by place: from the key of the message. */
const PLACES = ['guard', 'pipe', 'interceptor', 'handler', 'filter'] as const;
type Place = (typeof PLACES)[number];
type Plan = Partial<Record<Place, () => unknown>>;

/** A handler whose guard, pipe, interceptor and filter each do what the test plans for them. */
function planned(plan: Plan, effect: (message: MqMessage, context: MqContext) => Promise<void>): Type {
  const at = (place: Place): unknown => plan[place]?.();
  @Catch()
  class Filter implements ExceptionFilter {
    catch(): unknown {
      return at('filter');
    }
  }
  @MqConsumer('orders', 'stock')
  @UseGuards({
    canActivate: async (host: ExecutionContext) => {
      const rpc = host.switchToRpc();
      await effect(rpc.getData(), rpc.getContext());
      return at('guard') !== false;
    },
  })
  @UseInterceptors({ intercept: (_host: ExecutionContext, next) => next.handle().pipe(map(() => at('interceptor'))) })
  @UseFilters(new Filter())
  class Planned {
    handle(
      @MqPayload(new ValidationPipe()) _payload: Quantity,
      @MqKey({ transform: () => at('pipe') }) _key: unknown,
      @MqMsg() _message: MqMessage,
      @MqCtx() _context: MqContext,
    ): unknown {
      return at('handler');
    }
  }
  return Planned;
}
const throwing =
  (error: unknown): (() => never) =>
  () => {
    throw error;
  };

async function publish({ mq }: Node, payload: unknown = { quantity: 1 }): Promise<string> {
  const publication = await mq.publish('orders', { payload, key: 'secret-payload' }, OWN);
  await publication.sent();
  return publication.messages[0]!.id;
}

describe('what is thrown before, in and after a handler', () => {
  closeAfterEach();
  const db = useTestDatabase();
  const tables = new Tables(db);
  const boot = (plan: Plan, more: NodeSetup = {}): Promise<Node> =>
    bootNode(db, { handlers: [planned(plan, (message, context) => tables.effect(context, message))], ...more });

  it('is a verdict from wherever it comes', async () => {
    const plan: Plan = {};
    const node = await boot(plan);
    const failed = told(node, 'delivery.failed');
    const parked = told(node, 'delivery.parked');
    const discarded = told(node, 'delivery.discarded');
    for (const place of PLACES) {
      // A filter is asked only once something was thrown.
      if (place === 'filter') plan.handler = throwing(new Error('replaced by the filter'));
      plan[place] = throwing(new PermanentError(`${place} parks`));
      await publish(node);
      await eventually(() => parked.length > 0, { what: `${place} parks` });
      expect(parked.pop()!.error).toMatchObject({ code: 'MQ_HANDLER_FAILED', message: `${place} parks` });

      plan[place] = throwing(new Discard(`${place} discards`));
      await publish(node);
      await eventually(() => discarded.length > 0, { what: `${place} discards` });
      expect(discarded.pop()).toMatchObject({ reason: `${place} discards`, attempt: 1 });

      plan[place] = throwing(new RetryLater(3_600_000, `${place} waits`));
      await publish(node);
      await eventually(() => failed.length > 0, { what: `${place} waits` });
      expect(failed.pop()!.error.message).toBe(`${place} waits`);
      delete plan[place];
    }
    // Whatever each of them had written by then.
    expect(await tables.effects()).toEqual([]);
  });

  it('parks at once if a guard or pipe refuses, with a code for each; a handler that throws the same has failed', async () => {
    const plan: Plan = {};
    const node = await boot(plan);
    const parked = told(node, 'delivery.parked');
    const failed = told(node, 'delivery.failed');
    const refusals: [Place, () => unknown, string][] = [
      ['guard', () => false, 'MQ_FORBIDDEN'],
      ['guard', throwing(new HttpException('no', 413)), 'MQ_FORBIDDEN'],
      ['pipe', throwing(new HttpException('no', 415)), 'MQ_PAYLOAD_INVALID'],
      ['pipe', throwing(new HttpException('no', 422)), 'MQ_PAYLOAD_INVALID'],
    ];
    for (const [place, act, code] of refusals) {
      plan[place] = act;
      const id = await publish(node);
      await eventually(() => parked.length > 0, { what: `${place}: ${code}` });
      const { error, messageId, attempt } = parked.pop()!;
      expect({ code: error.code, messageId, attempt }).toEqual({ code, messageId: id, attempt: 1 });
      expect(error.message).toContain(`A ${place} of Planned.handle refused message ${id}`);
      delete plan[place];
    }
    await publish(node, { quantity: 'secret-payload' });
    await eventually(() => parked.length > 0);
    expect(parked[0]!.error).toMatchObject({
      code: 'MQ_PAYLOAD_INVALID',
      message: expect.stringContaining('quantity must be an integer number') as string,
    });
    expect(parked[0]!.error.message).not.toContain('secret-payload');
    expect(await tables.errors()).toHaveLength(5);
    expect(failed).toEqual([]);

    const ordinary: [Place, () => unknown][] = [
      ['handler', throwing(new BadRequestException('of the handler'))],
      ['interceptor', throwing(new BadRequestException('of the interceptor'))],
      // 401, and what is no answer of HTTP.
      ['guard', throwing(new UnauthorizedException('of the guard'))],
      ['pipe', throwing(new Error('of the pipe'))],
    ];
    for (const [place, act] of ordinary) {
      plan[place] = () => {
        delete plan[place];
        return act();
      };
      await publish(node);
      await eventually(() => failed.length > 0, { what: `an ordinary failure of the ${place}` });
      expect(failed.pop()!.error).toMatchObject({ code: 'MQ_HANDLER_FAILED', message: `of the ${place}` });
      await eventually(() => pending(node.broker) === 0, { what: 'the second attempt' });
    }
    expect(parked).toHaveLength(1);
  });

  it('is not acknowledged before a discarded message is recorded as handled', async () => {
    const plan: Plan = {};
    const node = await boot(plan);
    plan.handler = () => {
      // The database goes away while the handler runs.
      node.dataSource.createQueryRunner = throwing(new Error('no connection'));
      throw new Discard('not needed');
    };
    const released = told(node, 'loop.failed');
    const discarded = told(node, 'delivery.discarded');
    await publish(node);
    await eventually(() => released.length > 0, { what: 'the failure of the database' });
    expect(pending(node.broker)).toBe(1);
    expect(discarded).toEqual([]);
    Reflect.deleteProperty(node.dataSource, 'createQueryRunner');
    expect(await tables.inbox()).toEqual([]);
  });

  it('counts whatever a filter returns; what it throws takes its place, also the verdict of a guard', async () => {
    const plan: Plan = { handler: throwing(new Error('original')), filter: () => ({ ok: true }) };
    const node = await boot(plan, { groups: { stock: { groupId: 'GID_stock', maxAttempts: 1 } } });
    const parked = told(node, 'delivery.parked');
    const errorOf = async (): Promise<unknown> => {
      await publish(node);
      await eventually(() => parked.length > 0);
      const { code, message } = parked.pop()!.error;
      return { code, message };
    };
    expect(await errorOf()).toEqual({ code: 'MQ_HANDLER_FAILED', message: 'original' });
    plan.filter = () => Promise.reject(new Error('instead'));
    expect(await errorOf()).toEqual({ code: 'MQ_HANDLER_FAILED', message: 'instead' });
    plan.guard = () => false;
    expect(await errorOf()).toEqual({ code: 'MQ_HANDLER_FAILED', message: 'instead' });
    plan.filter = throwing(new BadRequestException('not by a guard'));
    expect(await errorOf()).toEqual({ code: 'MQ_HANDLER_FAILED', message: 'not by a guard' });
  });
});

describeDatabases('Discard', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  it('rolls back, and counts as handled: in the inbox, for whoever waits for the group, and for a copy', async () => {
    const plan: Plan = { handler: throwing(new Discard('cancelled meanwhile')) };
    const node = await bootNode(db, {
      topics: { orders: { topic: 'shop_orders', settleOn: { group: 'stock', within: '5m' } } },
      handlers: [planned(plan, (message, context) => tables.effect(context, message))],
    });
    const send = node.transport.send.bind(node.transport);
    let sent: Parameters<typeof send>[0] | undefined;
    node.transport.send = (message, signal) => send((sent = message), signal);
    const discarded = told(node, 'delivery.discarded');
    const duplicates = told(node, 'delivery.duplicate');
    const id = await publish(node);
    await eventually(() => pending(node.broker) === 0, { what: 'the acknowledgement' });
    expect(discarded).toMatchObject([
      { topic: 'orders', group: 'stock', messageId: id, reason: 'cancelled meanwhile' },
    ]);
    expect(await tables.effects()).toEqual([]);
    expect(await tables.inbox()).toEqual([{ message_id: id, group_id: 'GID_stock', state: 'HANDLED' }]);
    expect(await tables.errors()).toEqual([]);
    await eventuallyPasses(async () => expect(await tables.statuses()).toMatchObject([{ status: 'SENT' }]));
    await send(sent!, new AbortController().signal);
    await eventually(() => duplicates.length === 1, { what: 'the copy' });
    await tables.poolIsFree(node);
  });
});
