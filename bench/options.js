import { parseArgs } from 'node:util';

const FULL = {
  rounds: 7,
  /** Seconds of load in one turn of goals 7 and 8. */
  seconds: 3,
  /** Events in the log of goals 7 and 8. */
  logSize: 1_000_000,
  endpoints: 1_000,
  /** Events of one turn of goal 1, one after the other. */
  fanoutEvents: 20,
  /** Events of one turn of goal 2. */
  inboxEvents: 20_000,
  /** Events of one turn of goal 9, at 100 a second. */
  latencyEvents: 500,
  /** Events in the large logs of goals 10 and 11. */
  largeLog: 1_000_000,
  /** Events of one turn of goal 10, a multiple of 100. */
  growthEvents: 10_000,
  /** Seconds of one turn of goal 11. */
  memorySeconds: 3,
  /** Events of one turn of publishing, and how many transactions are open at once. */
  publishedEvents: 5_000,
  publishers: 8,
};
const QUICK = {
  ...FULL,
  rounds: 3,
  seconds: 1,
  logSize: 50_000,
  fanoutEvents: 5,
  inboxEvents: 5_000,
  latencyEvents: 200,
  largeLog: 100_000,
  growthEvents: 2_000,
  memorySeconds: 2,
  publishedEvents: 1_000,
};

const DEFAULT_ONLY = '1,2,7,8,9,10,11,13';

export const USAGE = `npm run bench -- [--only 1,7] [--quick] [--rounds n] [--events n] [--profile folder] [--costs file]
  --only     the goals to measure, of ${DEFAULT_ONLY}; and publishing, costs: figures without a goal
  --costs    writes the costs of an event, a signal and an endpoint there, for bench/scaling.js
  --quick    small and short: to see that it runs, not to quote
  --rounds   interleaved turns of each contender (default ${FULL.rounds})
  --events   events in the large logs of goals 7, 8, 10 and 11 (default ${FULL.logSize.toLocaleString('en')})
  --profile  writes a CPU profile of each Signpost process there (slows it down: do not quote)`;

/**
 * @param {string[]} args
 * @returns {typeof FULL & { only: string[], quick: boolean, profile?: string, costs?: string }}
 */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: DEFAULT_ONLY },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      events: { type: 'string' },
      profile: { type: 'string' },
      costs: { type: 'string' },
    },
  });
  const scale = values.quick ? QUICK : FULL;
  return {
    ...scale,
    rounds: wholeNumber('--rounds', values.rounds) ?? scale.rounds,
    logSize: wholeNumber('--events', values.events) ?? scale.logSize,
    largeLog: wholeNumber('--events', values.events) ?? scale.largeLog,
    only: values.only.split(','),
    quick: values.quick,
    ...(values.profile === undefined ? {} : { profile: values.profile }),
    ...(values.costs === undefined ? {} : { costs: values.costs }),
  };
}

function wholeNumber(name, text) {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new Error(`${name} must be a whole number above zero, not "${text}"`);
  return Number(text);
}
