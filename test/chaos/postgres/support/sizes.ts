/** Whether the faults come in the numbers of the long form, `npm run chaos`. */
export const LONG = process.env.CHAOS_LONG === '1';

/** How much of something: in the automatic suite, and in the long form. */
export function size(short: number, long: number): number {
  return LONG ? long : short;
}

/** Time that a machine which does other things as well may take, beyond what is promised. */
export const SLACK_MS = 10_000;
