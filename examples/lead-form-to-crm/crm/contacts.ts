import { Inject, Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';
import { DataSource, type EntitySubscriberInterface } from 'typeorm';
import { Contact } from './contact.entity.js';

const NEWEST = 200;

/** The contacts, and word of every commit that may have changed them. */
@Injectable()
export class Contacts implements EntitySubscriberInterface {
  readonly changes = new Subject<void>();

  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {
    dataSource.subscribers.push(this);
  }

  /** TypeORM calls this after each commit; before, nobody else could see what was written. */
  afterTransactionCommit(): void {
    this.changes.next();
  }

  newest(): Promise<Contact[]> {
    return this.dataSource.getRepository(Contact).find({ order: { lastAt: 'DESC', email: 'ASC' }, take: NEWEST });
  }
}
