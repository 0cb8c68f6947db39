import { Column, Entity, PrimaryColumn, type ValueTransformer } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import type { EventId } from '../../protocol/ids.js';
import type { InboxState } from './inbox-entry.js';

const jsonText: ValueTransformer = {
  from: (value: string | null) => (value === null ? null : (JSON.parse(value) as unknown)),
  to: (value: unknown) => (value === null ? null : JSON.stringify(value)),
};

/**
 * A fetched event and where its handling stands, for queries of the application's own. Read only: whoever writes past the module
 * breaks the order of handling; use `InboxService` to decide about an event.
 */
@Entity({ name: 'signpost_inbox', synchronize: false })
export class InboxEntity {
  /** Its place in the inbox: grows with the producer's log order. */
  @PrimaryColumn({ name: 'ordinal', type: 'bigint', transformer: bigintAsNumber })
  readonly ordinal!: number;

  /** Name of the receiver module that fetched it. */
  @Column({ name: 'producer', type: 'text' })
  readonly producer!: string;

  @Column({ name: 'event_id', type: 'text' })
  readonly id!: EventId;

  @Column({ name: 'type', type: 'text' })
  readonly type!: string;

  @Column({ name: 'tenant', type: 'text' })
  readonly tenant!: string;

  @Column({ name: 'subject', type: 'text', nullable: true })
  readonly subject!: string | null;

  @Column({ name: 'occurred_at', type: 'bigint', transformer: bigintAsNumber })
  readonly occurredAt!: number;

  @Column({ name: 'recorded_at', type: 'bigint', transformer: bigintAsNumber })
  readonly recordedAt!: number;

  @Column({ name: 'cursor', type: 'text' })
  readonly cursor!: string;

  /** The payload, as JSON text. */
  @Column({ name: 'data', type: 'text' })
  readonly data!: string;

  /** JSON pointers of the fields that the producer withheld; null: none. */
  @Column({ name: 'redacted', type: 'text', nullable: true, transformer: jsonText })
  readonly redacted!: readonly string[] | null;

  @Column({ name: 'state', type: 'text' })
  readonly state!: InboxState;

  /** How often its handler was begun. */
  @Column({ name: 'attempts', type: 'integer' })
  readonly attempts!: number;

  /** When it is handled next, if it is waiting or failed. */
  @Column({ name: 'due_at', type: 'bigint', transformer: bigintAsNumber })
  readonly dueAt!: number;

  /** What its handler threw last, shortened; null: nothing yet. */
  @Column({ name: 'last_error', type: 'text', nullable: true })
  readonly lastError!: string | null;

  @Column({ name: 'fetched_at', type: 'bigint', transformer: bigintAsNumber })
  readonly fetchedAt!: number;

  /** When it became done or discarded. */
  @Column({ name: 'finished_at', type: 'bigint', nullable: true, transformer: bigintAsNumber })
  readonly finishedAt!: number | null;
}
