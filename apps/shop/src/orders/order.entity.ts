import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * ```
 * placed ──(stock handler)──▶ reserved ──(pay)──▶ paid
 *   ├────────────(pay)──────────────────────────▶ paid
 *   └─(not enough goods, or due)─▶ cancelled ◀─(due)─ reserved
 * ```
 * Goods are set aside for exactly those orders that are `reserved` or `paid`. `paid` and `cancelled` are final.
 */
export type OrderStatus = 'placed' | 'reserved' | 'paid' | 'cancelled';

@Entity('orders')
export class Order {
  @PrimaryColumn()
  id: string;

  @Column()
  sku: string;

  @Column()
  quantity: number;

  @Column({ type: 'varchar' })
  status: OrderStatus;
}
