/** A clock that stands still until it is moved. Give its `now` to whatever takes one. */
export class ManualClock {
  private time: number;

  /** @param start Unix milliseconds. Default: the present, so that signatures of now are in their time. */
  constructor(start: number = Date.now()) {
    this.time = start;
  }

  /** Unix milliseconds. */
  readonly now = (): number => this.time;

  /** Moves on, or back with a negative number. */
  advance(ms: number): void {
    this.time += ms;
  }
}
