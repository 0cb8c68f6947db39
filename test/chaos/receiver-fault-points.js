// The named points at which a receiver can be made to die; see receiver-crash-at-named-points.spec.ts.
import { FeedDrain } from '../../dist/receiver/drain/feed-drain.js';
import { EventAttempt } from '../../dist/receiver/handle/event-attempt.js';
import { INBOX_STORE } from '../../dist/receiver/receiver-options.js';
import { around, Faults } from './fault-points.js';

/** Points inside the transaction of an engine step: the work is done, the COMMIT is not. */
const IN_STEP = {
  'inbox page': { point: 'drain: in the transaction of a page, before COMMIT', counts: ({ fresh }) => fresh > 0 },
  'inbox claim': {
    point: 'handle: in the transaction of a claim, before COMMIT',
    counts: (claims) => claims.length > 0,
  },
  'inbox settlement': { point: 'handle: in the transaction that settles a failure', counts: () => true },
};

/** An answer needs a moment to get out of the process. */
const ANSWERED_AFTER_MS = 30;

export class ReceiverFaults extends Faults {
  install(app) {
    const store = app.get(INBOX_STORE, { strict: false });
    this.#inSteps(store.pages.turns);
    around(store, 'acquireDrain', { after: () => this.pass('drain: the lease is taken, nothing is read') });
    around(store, 'storePage', {
      before: (_, { events }) => events.length > 0 && this.pass('drain: a page has arrived, nothing is stored'),
      after: ({ fresh }) => fresh > 0 && this.pass('drain: a page is committed, nobody is told'),
    });
    around(store, 'claim', {
      after: (claims) => claims.length > 0 && this.pass('handle: the claim is durable, nothing has begun'),
    });
    around(store, 'markDone', {
      before: () => this.pass('handle: the handler is done, the mark is not written'),
      after: () => this.pass('handle: the mark is written, before COMMIT'),
    });
    around(store, 'settleFailure', {
      before: () => this.pass('handle: the handler threw, nothing is settled'),
      after: () => this.pass('handle: a failure is settled'),
    });
    around(app.get(EventAttempt, { strict: false }), 'run', {
      after: (outcome) => outcome === 'done' && this.pass('handle: after COMMIT, the lane is not released'),
    });
    this.#afterAnswer(app.get(FeedDrain, { strict: false }));
  }

  /** In the handler's transaction, after its write. */
  inHandler() {
    this.pass('handle: in the transaction of the handler, after its write');
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

  #afterAnswer(drain) {
    const point = 'accept: the signal is answered, the drain not woken';
    const { notify } = drain;
    drain.notify = () => {
      if (this.isArmed(point)) setTimeout(() => this.pass(point), ANSWERED_AFTER_MS);
      else notify();
    };
  }
}
