/** A clock that stands still until it is moved. Starts at the present, so that signatures are in their time. */
export class ManualClock {
  private time = Date.now();

  readonly now = (): number => this.time;

  advance(ms: number): void {
    this.time += ms;
  }
}
