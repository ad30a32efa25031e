import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { StockItem } from './stock-item.entity.js';

/** What there is of a sku that nobody has stocked. */
const INITIAL = 1_000_000;

@Injectable()
export class StockService {
  constructor(@InjectRepository(StockItem) private readonly items: Repository<StockItem>) {}

  async find(sku: string): Promise<StockItem> {
    return (await this.items.findOneBy({ sku })) ?? { sku, onHand: INITIAL, reserved: 0 };
  }

  /**
   * Makes sure that the sku has a row, before an order of it exists. A statement of its own, outside any transaction: two
   * first orders at once then cannot wait for each other. Inside, MySQL and MariaDB would let both take a lock on
   * the gap where the row belongs, and each wait for the other's.
   */
  async open(sku: string): Promise<void> {
    if (await this.items.existsBy({ sku })) return;
    await this.items.createQueryBuilder().insert().values({ sku, onHand: INITIAL, reserved: 0 }).orIgnore().execute();
  }

  /** Sets goods aside. `false`, and nothing has changed: there are not enough. */
  async reserve(manager: EntityManager, sku: string, quantity: number): Promise<boolean> {
    const { affected } = await manager
      .createQueryBuilder()
      .update(StockItem)
      .set({ onHand: () => 'on_hand - :quantity', reserved: () => 'reserved + :quantity' })
      .where('sku = :sku AND on_hand >= :quantity')
      .setParameters({ sku, quantity })
      .execute();
    return affected === 1;
  }

  /** Gives back what {@link reserve} has set aside. */
  async release(manager: EntityManager, sku: string, quantity: number): Promise<void> {
    await manager
      .createQueryBuilder()
      .update(StockItem)
      .set({ onHand: () => 'on_hand + :quantity', reserved: () => 'reserved - :quantity' })
      .where('sku = :sku')
      .setParameters({ sku, quantity })
      .execute();
  }
}
