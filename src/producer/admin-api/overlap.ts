/** A day: time to roll a new secret out to a receiver's machines. */
export const DEFAULT_OVERLAP_SECONDS = 86_400;
/** A week: an old secret that lives longer was not rotated. */
export const LARGEST_OVERLAP_SECONDS = 604_800;
export const OVERLAP = { message: `must be a whole number of seconds from 0 to ${LARGEST_OVERLAP_SECONDS}` };
