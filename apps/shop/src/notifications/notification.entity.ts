import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a customer was told. */
@Entity('notifications')
export class Notification {
  @PrimaryColumn()
  id: string;

  @PrimaryColumn({ name: 'order_id' })
  orderId: string;

  @Column()
  text: string;
}
