import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What there is of one sku. `onHand + reserved` never changes: goods only move between the two. */
@Entity('stock')
export class StockItem {
  @PrimaryColumn()
  sku: string;

  @Column({ name: 'on_hand' })
  onHand: number;

  /** Set aside for orders that are `reserved` or `paid`. */
  @Column()
  reserved: number;
}
