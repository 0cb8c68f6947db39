/** Sleeps until woken or until the time is up. A wake that comes while nobody sleeps ends the next sleep at once. */
export class Sleeper {
  private woken = false;
  private wakeUp: (() => void) | undefined;

  wake(): void {
    if (this.wakeUp) this.wakeUp();
    else this.woken = true;
  }

  async sleep(ms: number): Promise<void> {
    if (!this.woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wakeUp = undefined;
    }
    this.woken = false;
  }
}
