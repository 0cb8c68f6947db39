// The named points at which a producer can be made to die; see crash-at-named-points.spec.ts.
import { writeFileSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { installSqliteTurns } from '../../dist/database/sqlite-connection.js';
import { ProgressRecorder } from '../../dist/producer/fetch-api/progress-recorder.js';
import { Publisher } from '../../dist/producer/publish/publisher.js';
import { SignalSender } from '../../dist/producer/signal/signal-sender.js';
import { DISPATCH_STORE, EVENT_STORE, PROGRESS_STORE } from '../../dist/producer/signpost-options.js';

/** Points inside the transaction of an engine step on SQLite: the work is done, the COMMIT is not. */
const IN_STEP = {
  publish: { point: 'publish alone: in the transaction, before the group commit', counts: () => true },
  wake: { point: 'dispatch: in the transaction, between wake and claim', counts: ({ looked }) => looked > 0 },
  claim: { point: 'dispatch: in the transaction, after the claim', counts: (claims) => claims.length > 0 },
  settle: { point: 'dispatch: in the transaction of a settle', counts: () => true },
  progress: { point: 'feed: in the transaction that writes the marks', counts: () => true },
};

/** Ends this process without any warning, or stops it, the n-th time that the armed point is passed. */
export class Faults {
  #armed;

  /** @param {string} lastWords file that tells where the process died, and with what in hand */
  constructor(lastWords) {
    this.lastWords = lastWords;
  }

  /** @param {{ point: string, nth: number, signal?: 'SIGKILL' | 'SIGSTOP' } | undefined} fault */
  arm(fault) {
    this.#armed = fault && { point: fault.point, left: fault.nth, signal: fault.signal ?? 'SIGKILL' };
  }

  isArmed(point) {
    return this.#armed?.point === point;
  }

  pass(point, inHand = {}) {
    if (!this.isArmed(point) || --this.#armed.left > 0) return;
    writeFileSync(this.lastWords, JSON.stringify({ point, inHand }));
    const { signal } = this.#armed;
    this.#armed = undefined;
    process.kill(process.pid, signal);
  }

  /** Puts the points between the parts of an application that was created, and not yet started. */
  install(app) {
    const dataSource = app.get(DataSource);
    if (dataSource.options.type !== 'postgres') this.#inSteps(installSqliteTurns(dataSource));
    this.#inPublishing(app.get(EVENT_STORE), app.get(Publisher));
    this.#inDispatch(app.get(DISPATCH_STORE), app.get(SignalSender));
    this.#inFeed(app.get(EVENT_STORE), app.get(PROGRESS_STORE), app.get(ProgressRecorder));
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

  #inPublishing(store, publisher) {
    around(store, 'append', {
      before: () => this.pass('publish: before the insert'),
      after: () => this.pass('publish: after the insert, before COMMIT'),
    });
    const { afterCommit } = store;
    store.afterCommit = (manager, callback) =>
      afterCommit.call(store, manager, () => {
        this.pass('publish: after COMMIT, before the wake-up');
        callback();
      });
    around(store, 'appendAlone', {
      before: () => this.pass('publish alone: before the insert'),
      after: () => this.pass('publish alone: after the group commit, before the wake-up'),
    });
    around(publisher, 'publishAlone', {
      after: () => this.pass('publish alone: after the wake-up, before the HTTP answer'),
    });
  }

  #inDispatch(store, sender) {
    const apart = 'dispatch: the wake is durable, nothing is claimed';
    let woken;
    const wake = store.wake.bind(store);
    store.wake = (limit) => (woken = wake(limit));
    const claim = store.claim.bind(store);
    store.claim = async (request) => {
      // On SQLite the two share a transaction, unless the wake took too long for that.
      if (this.isArmed(apart) && (await woken).looked > 0) this.pass(apart);
      return claim(request);
    };
    around(store, 'recoverLeases', {
      after: (orphans) => orphans > 0 && this.pass('dispatch: orphans are taken over, nothing is claimed'),
    });
    const inHand = ({ id, body }) => ({ id, body: String(body) });
    around(sender, 'send', {
      before: (request) => this.pass('dispatch: the claim is durable, nothing is sent', inHand(request)),
      after: (_, request) => this.pass('dispatch: the receiver answered, nothing is settled', inHand(request)),
    });
    around(store, 'settle', {
      after: (_, [{ claim: settled }]) =>
        this.pass('dispatch: the settle is durable', { id: settled.signal, body: settled.body }),
    });
  }

  #inFeed(events, progress, recorder) {
    around(events, 'readPage', {
      after: (page) => page.events.length > 0 && this.pass('feed: the page is read, nothing is answered'),
    });
    around(progress, 'apply', {
      // Not with what is recorded before the page is answered.
      before: (written) =>
        written.some(({ progress: { kind } }) => kind === 'fetched-through') &&
        this.pass('feed: the page is answered, the marks are not written'),
    });
    around(recorder, 'recordDurably', { after: () => this.pass('feed: the ack is durable, the 204 is not sent') });
  }
}

export function around(object, method, { before, after }) {
  const original = object[method].bind(object);
  object[method] = async (...given) => {
    before?.(...given);
    const result = await original(...given);
    after?.(result, ...given);
    return result;
  };
}
