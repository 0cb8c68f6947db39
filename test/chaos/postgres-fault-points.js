// The points between the round trips of the engine on PostgreSQL; see crash-at-named-points.spec.ts.
import { around } from './fault-points.js';

const STEP = 'sequencing: the step is on its way';
/** Statements that a node sends and whose answers it does not hear: the server finishes what it was sent. */
const ON_ITS_WAY = [
  [STEP, /DELETE FROM \S*signpost_outbox/],
  ['dispatch: the wake is on its way', /INSERT INTO \S*signpost_log_matched/],
  ['dispatch: the settle is on its way', /INSERT INTO \S*signpost_signal /],
];

export function installPostgresPoints(faults, { engine, events, progress, dispatch, sequencing }) {
  const { group } = events.parts;
  const awaited = inPublishing(faults, group);
  inStatements(engine.connections, (point) => {
    // Steps are taken every now and then, also when there is nothing to do.
    if (point !== STEP || awaited()) faults.pass(point);
  });
  // Made when a partition is first looked at, which is not before the application starts.
  const { sequencerOf } = sequencing;
  sequencing.sequencerOf = (partition) => {
    const sequencer = sequencerOf(partition);
    around(sequencer, 'step', {
      after: ({ count }) => count > 0 && faults.pass('sequencing: positions are given, nobody is told'),
    });
    return sequencer;
  };
  around(dispatch.claims, 'leaseDue', {
    after: (rows) => rows.length > 0 && faults.pass('dispatch: leased, nothing is composed'),
  });
  around(dispatch.claims.composed, 'save', {
    before: (composed) => composed.length > 0 && faults.pass('dispatch: composed, nothing is written'),
  });
  around(progress.fold, 'raise', {
    after: () => faults.pass('feed: the marks are raised, the receipts are not folded'),
  });
}

/** Answers whether events that were published on their own wait for their positions. */
function inPublishing(faults, group) {
  let waiting = 0;
  const transaction = group.session.transaction.bind(group.session);
  group.session.transaction = (work) =>
    transaction(async (client) => {
      const result = await work(client);
      faults.pass('publish alone: in the transaction, before the group commit');
      return result;
    });
  around(group, 'sequenced', {
    before: () => {
      waiting += 1;
      faults.pass('publish alone: committed, nothing is sequenced');
    },
    after: () => (waiting -= 1),
  });
  return () => waiting > 0;
}

function inStatements(connections, sent) {
  const use = connections.use.bind(connections);
  connections.use = (work) =>
    use((client) =>
      work({
        query(text, values) {
          const answer = client.query(text, values);
          const [point] = ON_ITS_WAY.find(([, pattern]) => pattern.test(text)) ?? [];
          // The bytes have left by then, and no answer has been read.
          if (point) setImmediate(() => sent(point));
          return answer;
        },
        end: () => client.end(),
      }),
    );
}
