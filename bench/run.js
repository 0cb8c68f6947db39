import { Databases } from './databases.js';
import { LargeLog } from './large-log.js';
import { readOptions, USAGE } from './options.js';
import { fanout } from './goals/fanout.js';
import { feed } from './goals/feed.js';
import { fetchOne } from './goals/fetch-one.js';
import { growth } from './goals/growth.js';
import { inbox } from './goals/inbox.js';
import { latency } from './goals/latency.js';
import { memory } from './goals/memory.js';
import { nodes } from './goals/nodes.js';
import { publishing } from './goals/publishing.js';
import { costs } from './goals/costs.js';
import { machine, table } from './report.js';
import { openWorkspace } from './workspace.js';

const GOALS = new Map([
  ['1', fanout],
  ['2', inbox],
  ['7', fetchOne],
  ['8', feed],
  ['9', latency],
  ['10', growth],
  ['11', memory],
  ['13', nodes],
  ['publishing', publishing],
  ['costs', costs],
]);

/** Measures the chosen goals and prints one table. A goal that is missed is a result; only a measurement that fails is an error. */
async function main(options) {
  const workspace = openWorkspace();
  const databases = new Databases(workspace);
  const log = new LargeLog({ workspace, options });
  const comparisons = [];
  try {
    for (const name of options.only) {
      process.stderr.write(`goal ${name} `);
      const begin = performance.now();
      comparisons.push(...(await GOALS.get(name)({ workspace, options, log, databases })));
      process.stderr.write(` ${Math.round((performance.now() - begin) / 1_000)} s\n`);
    }
  } finally {
    await Promise.all([log.close(), databases.close()]);
  }
  const turns = `${options.rounds} interleaved turns, medians (lowest to highest)`;
  const quick = options.quick ? ', quick: small and short, not to be quoted' : '';
  process.stdout.write(`\n${machine()}; ${turns}${quick}\n\n${table(comparisons)}\n`);
}

function options() {
  try {
    const read = readOptions(process.argv.slice(2));
    if (read.only.every((name) => GOALS.has(name))) return read;
    throw new Error(`--only takes ${[...GOALS.keys()].join(', ')}`);
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
