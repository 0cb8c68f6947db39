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
};
const QUICK = {
  ...FULL,
  rounds: 3,
  seconds: 1,
  logSize: 50_000,
  fanoutEvents: 5,
  inboxEvents: 5_000,
  latencyEvents: 200,
};

export const USAGE = `npm run bench -- [--only 1,7] [--quick] [--rounds n] [--events n] [--profile folder]
  --only     the goals to measure, of 1, 2, 7, 8, 9
  --quick    small and short: to see that it runs, not to quote
  --rounds   interleaved turns of each contender (default ${FULL.rounds})
  --events   events in the log of goals 7 and 8 (default ${FULL.logSize.toLocaleString('en')})
  --profile  writes a CPU profile of each Signpost process there (slows it down: do not quote)`;

/**
 * @param {string[]} args
 * @returns {typeof FULL & { only: number[], quick: boolean, profile?: string }}
 */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: '1,2,7,8,9' },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      events: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const scale = values.quick ? QUICK : FULL;
  return {
    ...scale,
    rounds: wholeNumber('--rounds', values.rounds) ?? scale.rounds,
    logSize: wholeNumber('--events', values.events) ?? scale.logSize,
    only: values.only.split(',').map(Number),
    quick: values.quick,
    ...(values.profile === undefined ? {} : { profile: values.profile }),
  };
}

function wholeNumber(name, text) {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new Error(`${name} must be a whole number above zero, not "${text}"`);
  return Number(text);
}
