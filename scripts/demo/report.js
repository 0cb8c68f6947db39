import { style } from './narrator.js';
import { table } from './table.js';

/**
 * Prints the table and what is wrong, if anything is.
 * @returns {boolean} whether every payload arrived, once and unchanged
 */
export function report({ payloads, published, admin, tally, attempts, comparison, seconds }) {
  const { identical, lost, different, invented, twice, bytes } = comparison;
  const failed = attempts.filter(({ outcome }) => outcome !== 'acknowledged').length;
  const types = new Set(payloads.map(({ type }) => type)).size;
  // Two payloads under one event would be one payload lost.
  const missing = lost.length + payloads.length - published.size;
  const bad = (text) => style(['bold', 'red'], text);
  const good = (text) => style(['bold', 'green'], text);
  const mark = (fault) => (fault ? bad : good);

  console.log(
    `\n${table([
      { label: 'published', value: payloads.length, note: `events of ${types} types` },
      {
        label: 'published again',
        value: admin.repeated,
        note: `no answer, or thrown away; ${admin.alreadyThere} were there already, none was doubled`,
      },
      { label: 'signals sent', value: attempts.length, note: `${failed} failed while the receiver was away` },
      { label: 'signals verified', value: tally.signals, note: `${tally.repeatedSignals} of them repeats` },
      {
        label: 'fetched',
        value: tally.fetched,
        note: `payloads, ${identical} identical byte for byte (${Math.round(bytes / 1024)} KB)`,
      },
      {
        label: 'duplicates on the wire',
        value: tally.repeatedEvents,
        note: `payloads fetched again; ${twice.length} stored twice`,
      },
      { label: 'different', value: different.length, mark: mark(different.length > 0) },
      { label: 'lost', value: missing, note: `after ${seconds.toFixed(0)} s and two kills`, mark: mark(missing > 0) },
    ])}\n`,
  );
  const faults = { lost, different, 'never published': invented, 'stored twice': twice };
  for (const [what, ids] of Object.entries(faults)) {
    if (ids.length > 0) console.log(bad(`${what}: ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`));
  }
  const whole = missing === 0 && identical === payloads.length && invented.length === 0 && twice.length === 0;
  console.log(whole ? good('Every payload arrived, unchanged.') : bad('The demo failed.'));
  return whole;
}
