import { LargeLog } from './large-log.js';
import { readOptions, USAGE } from './options.js';
import { fanout } from './goals/fanout.js';
import { feed } from './goals/feed.js';
import { fetchOne } from './goals/fetch-one.js';
import { inbox } from './goals/inbox.js';
import { latency } from './goals/latency.js';
import { machine, table } from './report.js';
import { openWorkspace } from './workspace.js';

const GOALS = new Map([
  [1, fanout],
  [2, inbox],
  [7, fetchOne],
  [8, feed],
  [9, latency],
]);

/** Measures the chosen goals and prints one table. A goal that is missed is a result; only a measurement that fails is an error. */
async function main(options) {
  const workspace = openWorkspace();
  const log = new LargeLog({ workspace, options });
  const comparisons = [];
  for (const number of options.only) {
    process.stderr.write(`goal ${number} `);
    comparisons.push(...(await GOALS.get(number)({ workspace, options, log })));
    process.stderr.write('\n');
  }
  await log.close();
  const turns = `${options.rounds} interleaved turns, medians (lowest to highest)`;
  const quick = options.quick ? ', quick: small and short, not to be quoted' : '';
  process.stdout.write(`\n${machine()}; ${turns}${quick}\n\n${table(comparisons)}\n`);
}

function options() {
  try {
    const read = readOptions(process.argv.slice(2));
    if (read.only.every((number) => GOALS.has(number))) return read;
    throw new Error('--only takes goals 1, 2, 7, 8 and 9');
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    process.exit(1);
  }
}

try {
  await main(options());
  process.exit(0);
} catch (error) {
  process.stderr.write(`\n${error.stack}\n`);
  process.exit(1);
}
