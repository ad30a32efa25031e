import { randomUUID } from 'node:crypto';
import { ConflictException, Inject, Injectable, NotFoundException } from '@nestjs/common';
import { MqProducerService, PermanentError } from 'nestjs-reliable-mq';
import { DataSource, type EntityManager } from 'typeorm';
import { type Environment } from '../config/environment.js';
import { shopConfig } from '../config/shop-config.js';
import { Deadlines, Orders } from '../messaging/topics.js';
import { StockService } from '../stock/stock.service.js';
import type { NewOrder } from './new-order.dto.js';
import { Order, type OrderStatus } from './order.entity.js';

/**
 * Everything that happens to an order. Paying, reserving and cancelling may meet at any time and in any process, so each of
 * them first locks the order, then looks at its status, and only then touches the stock. With locks always taken
 * in this sequence, and one of each kind, nobody can wait in a circle.
 */
@Injectable()
export class OrdersService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly mq: MqProducerService,
    private readonly stock: StockService,
    @Inject(shopConfig.KEY) private readonly config: Environment,
  ) {}

  /** The order and the messages about it are one transaction: both exist, or neither does. */
  async place({ sku, quantity }: NewOrder): Promise<Order> {
    await this.stock.open(sku);
    const order: Order = { id: randomUUID(), sku, quantity, status: 'placed' };
    const delay = this.config.SHOP_PAYMENT_DUE;
    await this.dataSource.transaction(async (manager) => {
      await manager.insert(Order, order);
      await this.mq.publishAll(
        [
          { topic: Orders, tag: 'created', key: order.id, payload: { id: order.id, sku, quantity } },
          { topic: Deadlines, tag: 'due', key: order.id, payload: { id: order.id }, delay },
        ],
        { manager },
      );
    });
    return order;
  }

  async find(id: string): Promise<Order> {
    const order = await this.dataSource.manager.findOneBy(Order, { id });
    if (!order) throw new NotFoundException(`There is no order ${id}`);
    return order;
  }

  /**
   * Paying again changes nothing. An order whose goods are not set aside yet gets them now; the stock handler
   * will find it paid.
   */
  async pay(id: string): Promise<Order> {
    const order = await this.dataSource.transaction(async (manager) => {
      const found = await lock(manager, id);
      if (found?.status === 'placed') await this.claimGoods(manager, found, 'paid');
      else if (found?.status === 'reserved') await setStatus(manager, found, 'paid');
      return found;
    });
    if (!order) throw new NotFoundException(`There is no order ${id}`);
    if (order.status === 'cancelled') throw new ConflictException(`Order ${id} is cancelled`);
    return order;
  }

  /**
   * Sets the goods of a placed order aside, in the transaction of the delivery that asks for it. Nobody else announces
   * `reserved`, so an order that was paid first is announced here too: once, whoever was faster.
   */
  async reserve(manager: EntityManager, id: string): Promise<void> {
    const order = await lockKnown(manager, id);
    if (order.status === 'placed') await this.claimGoods(manager, order, 'reserved');
    if (order.status === 'cancelled') return;
    const { sku, quantity } = order;
    await this.mq.publish(Orders, { tag: 'reserved', key: id, payload: { id, sku, quantity } }, { manager });
  }

  /** Cancels an order that was not paid in time, and gives its goods back. */
  async cancelUnpaid(manager: EntityManager, id: string): Promise<void> {
    const order = await lockKnown(manager, id);
    if (order.status === 'reserved') await this.stock.release(manager, order.sku, order.quantity);
    if (order.status === 'reserved' || order.status === 'placed') await setStatus(manager, order, 'cancelled');
  }

  /** Without enough goods there is nothing to wait for, as nobody restocks: the order is cancelled. */
  private async claimGoods(manager: EntityManager, order: Order, status: OrderStatus): Promise<void> {
    const enough = await this.stock.reserve(manager, order.sku, order.quantity);
    await setStatus(manager, order, enough ? status : 'cancelled');
  }
}

/** The order, locked until the transaction ends. Nothing is read before without a lock, or MariaDB might show it as it was then. */
function lock(manager: EntityManager, id: string): Promise<Order | null> {
  return manager.findOne(Order, { where: { id }, lock: { mode: 'pessimistic_write' } });
}

/** An order that a message speaks of. It was committed together with the message, so no retry would help where it is missing. */
async function lockKnown(manager: EntityManager, id: string): Promise<Order> {
  const order = await lock(manager, id);
  if (!order) throw new PermanentError(`There is no order ${id}: is this message about another database?`);
  return order;
}

async function setStatus(manager: EntityManager, order: Order, status: OrderStatus): Promise<void> {
  await manager.update(Order, { id: order.id }, { status });
  order.status = status;
}
