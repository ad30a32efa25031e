import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What handlers and services of these tests write. */
@Entity('note')
export class Note {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  id: string;

  @Column({ type: 'varchar', length: 200, default: '' })
  text: string;
}
