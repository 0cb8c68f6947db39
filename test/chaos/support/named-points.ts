import type { Database } from '../../support/databases.js';

/*
 * Where a producer dies, as `fault-points.js` and `postgres-fault-points.js` name the points. On SQLite a step is a transaction; on
 * PostgreSQL it is a few round trips, each of which the server finishes by itself.
 */

type ByDatabase<Point> = Record<Database, Point[]>;

/** With whether the event is committed. */
export const PUBLISH_ALONE: ByDatabase<[string, boolean]> = {
  sqlite: [
    ['publish alone: before the insert', false],
    ['publish alone: in the transaction, before the group commit', false],
    ['publish alone: after the group commit, before the wake-up', true],
    ['publish alone: after the wake-up, before the HTTP answer', true],
  ],
  postgres: [
    ['publish alone: before the insert', false],
    ['publish alone: committed, nothing is sequenced', true],
    ['sequencing: the step is on its way', true],
    ['sequencing: positions are given, nobody is told', true],
    ['publish alone: after the group commit, before the wake-up', true],
    ['publish alone: after the wake-up, before the HTTP answer', true],
  ],
};

export const NOTHING_SENT: ByDatabase<string> = {
  sqlite: [
    'dispatch: in the transaction, between wake and claim',
    'dispatch: the wake is durable, nothing is claimed',
    'dispatch: in the transaction, after the claim',
    'dispatch: the claim is durable, nothing is sent',
  ],
  postgres: [
    'dispatch: the wake is on its way',
    'dispatch: the wake is durable, nothing is claimed',
    'dispatch: leased, nothing is composed',
    'dispatch: composed, nothing is written',
    'dispatch: the claim is durable, nothing is sent',
  ],
};

export const TAKING_OVER: Record<Database, string> = {
  sqlite: 'dispatch: orphans are taken over, nothing is claimed',
  postgres: 'dispatch: leased, nothing is composed',
};

export const NOTHING_SETTLED: ByDatabase<string> = {
  sqlite: ['dispatch: the receiver answered, nothing is settled', 'dispatch: in the transaction of a settle'],
  postgres: ['dispatch: the receiver answered, nothing is settled'],
};

export const SETTLED: ByDatabase<string> = {
  sqlite: ['dispatch: the settle is durable'],
  postgres: ['dispatch: the settle is on its way', 'dispatch: the settle is durable'],
};

export const NOTHING_MARKED: ByDatabase<string> = {
  sqlite: ['feed: the page is answered, the marks are not written', 'feed: in the transaction that writes the marks'],
  postgres: ['feed: the page is answered, the marks are not written'],
};
