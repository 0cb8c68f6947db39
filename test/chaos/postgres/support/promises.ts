import { listed } from '../../support/signals.js';
import type { Fleet } from './fleet.js';
import type { FleetLoad } from './fleet-load.js';
import type { LogRow } from './truth.js';

const COMMITTED = 'committed means in the log, once';
const NO_PHANTOM = 'no event without its transaction';
const ORDER = 'positions are in commit order and never move';
const SIGNALLED = 'every event is signalled to every endpoint';
const ONE_BY_ONE = 'signals of an endpoint come in order and one at a time';
const SAME_BYTES = 'a repeated signal is signed and has the same id and bytes';
const ANSWERS = 'no answer but those that a fault excuses';
const ONCE = 'no signal is sent twice, no event is in two signals';

export type Broken = Record<string, string[]>;

const WHATEVER_HAPPENS = [COMMITTED, NO_PHANTOM, ORDER, SIGNALLED, ONE_BY_ONE, SAME_BYTES, ANSWERS];
/** What `broken` answers when all is well. */
export const NOTHING: Broken = Object.fromEntries(WHATEVER_HAPPENS.map((promise) => [promise, []]));
/** What `brokenOrRepeated` answers when all is well. */
export const NOTHING_AND_NOTHING_TWICE: Broken = { ...NOTHING, [ONCE]: [] };

/** What of the promises does not hold that hold whatever happens. */
export async function broken(fleet: Fleet, ...loads: FleetLoad[]): Promise<Broken> {
  const { log, orders } = await fleet.truth();
  const { events } = fleet.follower;
  const known = new Set(log.map(({ id }) => id));
  return {
    [COMMITTED]: [...lost(fleet, log, orders), ...twice(log.map(({ id }) => id))],
    [NO_PHANTOM]: [
      ...log.filter((row) => !isCommittedBy(fleet, row, orders)).map(described('nobody committed')),
      ...[...fleet.paths.flatMap((path) => [...fleet.signals.eventsAt(path)]), ...events.map(({ id }) => id)]
        .filter((id) => !known.has(id))
        .map((id) => `${id} was told of and is not committed`),
    ],
    [ORDER]: [
      ...firstDifference(
        log.map(({ id }) => id),
        events.map(({ id }) => id),
      ),
      ...moved(fleet),
      ...loads.flatMap(({ sequences }) => sequences.flatMap((keys) => notInOrder(keys, log))),
    ],
    [SIGNALLED]: fleet.paths.flatMap((path) => {
      const told = fleet.signals.eventsAt(path);
      return log.filter(({ id }) => !told.has(id)).map(described(`was not signalled to ${path}`));
    }),
    [ONE_BY_ONE]: [
      ...fleet.signals.overlaps,
      ...fleet.paths.flatMap((path) =>
        firstDifference(
          log.map(({ id }) => id),
          [...fleet.signals.eventsAt(path)],
        ),
      ),
    ],
    [SAME_BYTES]: fleet.signals.faults(),
    [ANSWERS]: fleet.unexpected.map((answer) => JSON.stringify(answer)),
  };
}

/** As `broken`, where nothing excuses a repetition. */
export async function brokenOrRepeated(fleet: Fleet, ...loads: FleetLoad[]): Promise<Broken> {
  const signals = fleet.paths.map((path) => fleet.signals.all.filter((signal) => signal.path === path));
  return {
    ...(await broken(fleet, ...loads)),
    [ONCE]: [
      ...twice(signals.flatMap((at) => at.map(({ headers }) => String(headers['webhook-id'])))),
      ...signals.flatMap((at) => twice(at.flatMap(listed))),
    ],
  };
}

function lost(fleet: Fleet, log: readonly LogRow[], orders: ReadonlyMap<string, string | null>): string[] {
  const bySubject = new Map(log.map(({ subject, id }) => [subject, id]));
  return [
    ...[...fleet.acknowledged]
      .filter(([key, { id }]) => bySubject.get(key) !== id)
      .map(([key, { id }]) => `${key} was acknowledged as ${id} and is ${bySubject.get(key)}`),
    ...[...fleet.placed].filter((id) => !orders.has(id)).map((id) => `order ${id} was acknowledged and lost`),
    ...[...orders].filter(([order, id]) => bySubject.get(order) !== id).map(([id]) => `order ${id} has no event`),
  ];
}

function isCommittedBy(fleet: Fleet, { id, type, subject }: LogRow, orders: ReadonlyMap<string, string | null>) {
  return type === 'order.placed' ? orders.get(subject) === id : fleet.acknowledged.get(subject)?.id === id;
}

/** Positions are compared as the cursors that tell of them: an event has one for ever. */
function moved({ acknowledged, follower }: Fleet): string[] {
  const read = new Map(follower.events.map(({ id, cursor }) => [id, cursor]));
  return [...acknowledged.values()]
    .filter(({ id, cursor }) => read.get(id) !== cursor)
    .map(({ id, cursor }) => `${id} was published at ${cursor} and read at ${read.get(id)}`);
}

/** Of two events of one caller, the second began after the first was committed. */
function notInOrder(keys: readonly string[], log: readonly LogRow[]): string[] {
  const mine = new Set(keys);
  return firstDifference(
    keys,
    log.flatMap(({ subject }) => (mine.has(subject) ? [subject] : [])),
  );
}

function twice(ids: readonly string[]): string[] {
  const seen = new Set<string>();
  return ids.filter((id) => seen.has(id) || !seen.add(id)).map((id) => `${id} comes twice`);
}

function described(what: string) {
  return ({ id, subject }: LogRow): string => `${id} (${subject}) ${what}`;
}

function firstDifference(expected: readonly string[], actual: readonly string[]): string[] {
  const length = Math.max(expected.length, actual.length);
  const at = Array.from({ length }, (_, index) => index).find((index) => expected[index] !== actual[index]);
  return at === undefined ? [] : [`at ${at} of ${length}: ${expected[at]} is committed, ${actual[at]} was told`];
}
