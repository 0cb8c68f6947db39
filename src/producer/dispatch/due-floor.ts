/** Nobody sets a due time further back than this, in ms, between taking the time and committing. */
const SLACK_MS = 5_000;
/** How often all that is due is looked at, in ms, whatever the floor is: for whoever took longer. */
const WHOLE_EVERY_MS = 5_000;
const NONE = 0;

/**
 * From which due time on a claim looks. What was claimed leaves its entry behind in the index of due times, and while any transaction of the
 * server holds an old snapshot these are not removed: a claim that began at the index's start would walk over all of them.
 */
export class DueFloor {
  private floor = NONE;
  private wholeAt = Number.NEGATIVE_INFINITY;

  get current(): number {
    return this.floor;
  }

  /** For the next claim. */
  next(): number {
    const now = performance.now();
    if (now - this.wholeAt < WHOLE_EVERY_MS) return this.floor;
    this.wholeAt = now;
    return NONE;
  }

  /** `first`: the earliest due time that was claimed; `all`: nothing due was left. `now` is the database's. */
  claimed(first: number | undefined, now: number, all: boolean): void {
    if (all) this.floor = Math.max(this.floor, now - SLACK_MS);
    else if (first !== undefined) this.floor = Math.min(first - 1, now - SLACK_MS);
  }
}
