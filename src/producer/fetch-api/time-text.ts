const MS_PER_MINUTE = 60_000;
/** `SS.mmmZ` */
const WITHIN_MINUTE = 7;

/**
 * Formats times as `Date.prototype.toISOString` does, which is most of the work of rendering a short event. Times that follow each other are
 * mostly of the same minute, whose text is kept.
 */
export class TimeText {
  private minute = Number.NaN;
  /** `YYYY-MM-DDTHH:MM:` */
  private head = '';

  /** @throws RangeError for a time that a Date cannot hold. `at`: Unix ms; a fraction is dropped. */
  of(at: number): string {
    const whole = Math.trunc(at);
    const minute = Math.floor(whole / MS_PER_MINUTE);
    if (minute !== this.minute) {
      this.head = new Date(minute * MS_PER_MINUTE).toISOString().slice(0, -WITHIN_MINUTE);
      this.minute = minute;
    }
    // Six digits, the first of them there to keep the zeros behind it.
    const digits = String(100_000 + whole - minute * MS_PER_MINUTE);
    return `${this.head}${digits.slice(1, 3)}.${digits.slice(3)}Z`;
  }
}
