import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The endpoint that a receiver module made for itself; one row for each. Times are Unix milliseconds. */
@Entity({ name: 'signpost_inbox_endpoint', synchronize: false })
export class EndpointRegistrationEntity {
  @PrimaryColumn('text')
  producer!: string;

  /** null: a node is making it. */
  @Column('text', { name: 'endpoint_id', nullable: true })
  endpointId!: string | null;

  /** The address and the event types that were asked for last, as JSON. */
  @Column('text')
  settings!: string;

  @Column('text', { name: 'sealed_secret', nullable: true })
  sealedSecret!: string | null;

  /** The process that makes it, or made it last. */
  @Column('text', { name: 'claimed_by' })
  claimedBy!: string;

  /** When a node began to make it: if that was long ago, it has died. */
  @Column('bigint', { name: 'claimed_at', transformer: { from: Number, to: (value: number) => value } })
  claimedAt!: number;
}
