import Sequencer from '@jest/test-sequencer';

/** Suites that start processes of their own take minutes; begun last, they would leave one of two workers without work. */
const SLOW_FIRST = ['test/chaos/', 'test/package/', 'test/e2e/', 'test/contract/'];

/** On a machine that has not run the suites before, nothing is known of them but their names. */
export default class SlowFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => rank(a.path) - rank(b.path));
  }
}

function rank(path) {
  const known = SLOW_FIRST.findIndex((folder) => path.includes(folder));
  return known === -1 ? SLOW_FIRST.length : known;
}
