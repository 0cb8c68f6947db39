import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity()
export class Contact {
  /** In lower case: one person, one contact. */
  @PrimaryColumn('text')
  email!: string;

  @Column('text')
  name!: string;

  @Column('text', { nullable: true })
  company!: string | null;

  @Column('text')
  lastMessage!: string;

  /** How often this person has written. Would be wrong with every event that is handled twice, or not at all. */
  @Column('integer')
  enquiries!: number;

  @Column('text')
  lastAt!: string;
}
