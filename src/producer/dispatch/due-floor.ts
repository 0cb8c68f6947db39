/** Nobody sets a due time further back than this, in ms, between taking the time and committing. */
const SLACK_MS = 5_000;
/** How often all that is due is looked at, in ms, whatever the floor is: for whoever took longer. */
const WHOLE_EVERY_MS = 5_000;
/** Of the time, looking at all takes one part in so many at most: dead entries make it long. */
const WHOLE_SHARE = 20;
const NONE = 0;

/**
 * From which due time on a claim looks. What was claimed leaves its entry behind in the index of due times, and while any transaction of the
 * server holds an old snapshot these are not removed: a claim that began at the index's start would walk over all of them.
 */
export class DueFloor {
  private floor = NONE;
  private wholeFrom = Number.NEGATIVE_INFINITY;
  private wholeBegan: number | undefined;

  /** `monotonic`: this process's own time, in ms. */
  constructor(private readonly monotonic = () => performance.now()) {}

  get current(): number {
    return this.floor;
  }

  /** For the next claim. */
  next(): number {
    // It failed, perhaps because it took too long.
    this.wholeEnded();
    if (this.monotonic() < this.wholeFrom) return this.floor;
    this.wholeBegan = this.monotonic();
    return NONE;
  }

  /** `first`: the earliest due time that was claimed; `all`: nothing due was left. `now` is the database's. */
  claimed(first: number | undefined, now: number, all: boolean): void {
    this.wholeEnded();
    // Also down, if the database's clock went back.
    if (all) this.floor = now - SLACK_MS;
    else if (first !== undefined) this.floor = Math.min(first - 1, now - SLACK_MS);
  }

  private wholeEnded(): void {
    if (this.wholeBegan === undefined) return;
    const took = this.monotonic() - this.wholeBegan;
    this.wholeFrom = this.wholeBegan + Math.max(WHOLE_EVERY_MS, WHOLE_SHARE * took);
    this.wholeBegan = undefined;
  }
}
