// The named points at which a receiver can be made to die; see receiver-crash-at-named-points.spec.ts.
import { FeedDrain } from '../../dist/receiver/drain/feed-drain.js';
import { EventAttempt } from '../../dist/receiver/handle/event-attempt.js';
import { INBOX_STORE } from '../../dist/receiver/receiver-options.js';
import { around, Faults } from './fault-points.js';

const PAGE = { point: 'drain: in the transaction of a page, before COMMIT', counts: ({ fresh }) => fresh > 0 };
const CLAIM = {
  point: 'handle: in the transaction of a claim, before COMMIT',
  counts: (claims) => claims.length > 0,
};
const SETTLEMENT = { point: 'handle: in the transaction that settles a failure', counts: () => true };

/** SQLite's points inside the transaction of an engine step: the work is done, the COMMIT is not. */
const IN_STEP = { 'inbox page': PAGE, 'inbox claim': CLAIM, 'inbox settlement': SETTLEMENT };

/** An answer needs a moment to get out of the process. */
const ANSWERED_AFTER_MS = 30;

export class ReceiverFaults extends Faults {
  install(app) {
    const store = app.get(INBOX_STORE, { strict: false });
    if (store.pages.turns) this.#inSteps(store.pages.turns);
    else {
      this.#beforeCommit(store.pages, PAGE);
      this.#beforeCommit(store.claims, CLAIM);
    }
    around(store, 'acquireDrain', { after: () => this.pass('drain: the lease is taken, nothing is read') });
    around(store, 'storePage', {
      before: (_, { events: [event] }) =>
        event && this.pass('drain: a page has arrived, nothing is stored', { event: event.id }),
      after: ({ fresh }) => fresh > 0 && this.pass('drain: a page is committed, nobody is told'),
    });
    around(store, 'claim', {
      after: ([claim]) =>
        claim && this.pass('handle: the claim is durable, nothing has begun', { event: claim.entry.id }),
    });
    around(store, 'markDone', {
      before: (_, { entry }) => this.pass('handle: the handler is done, the mark is not written', { event: entry.id }),
      after: (_marked, _manager, { entry }) =>
        this.pass('handle: the mark is written, before COMMIT', { event: entry.id }),
    });
    around(store, 'settleFailure', {
      before: ({ entry }) => this.pass('handle: the handler threw, nothing is settled', { event: entry.id }),
      after: () => this.pass('handle: a failure is settled'),
    });
    around(app.get(EventAttempt, { strict: false }), 'run', {
      after: (outcome) => outcome === 'done' && this.pass('handle: after COMMIT, the lane is not released'),
    });
    this.#afterAnswer(app.get(FeedDrain, { strict: false }));
  }

  /** In the handler's transaction, after its write. */
  inHandler(event) {
    this.pass('handle: in the transaction of the handler, after its write', { event });
  }

  #inSteps(turns) {
    const step = turns.step.bind(turns);
    turns.step = (label, work) =>
      step(label, (db) => {
        const result = work(db);
        const found = IN_STEP[label];
        if (found?.counts(result)) this.pass(found.point);
        return result;
      });
  }

  /** Transactions of a part of the store on PostgreSQL. A settlement is one statement there: nothing is between it and its commit. */
  #beforeCommit(part, { point, counts }) {
    const { session } = part;
    part.session = {
      query: (...given) => session.query(...given),
      transaction: (work) =>
        session.transaction(async (client) => {
          const result = await work(client);
          if (counts(result)) this.pass(point);
          return result;
        }),
    };
  }

  #afterAnswer(drain) {
    const point = 'accept: the signal is answered, the drain not woken';
    const { notify } = drain;
    drain.notify = () => {
      if (this.isArmed(point)) setTimeout(() => this.pass(point), ANSWERED_AFTER_MS);
      else notify();
    };
  }
}
