/** A row may have been changed by another node; after this long, in ms, it is read again. */
const FRESH_MS = 1_000;
/** Rows remembered at once. */
const REMEMBERED = 10_000;

interface Remembered<Row> {
  row: Row;
  /** When the read began: what was changed after that may not be in the row. */
  readAt: number;
}

/**
 * Rows by key id, read at most once a second each, however many requests come. `forget` is immediate: a request that begins
 * after it reads the row anew, and a read that was under way is not remembered, since it may have come before the change.
 */
export class KeyCache<Id extends string, Row> {
  private readonly rows = new Map<Id, Remembered<Row>>();
  private readonly reads = new Map<Id, Promise<Row | undefined>>();

  constructor(
    private readonly read: (id: Id) => Promise<Row | undefined>,
    private readonly now: () => number,
  ) {}

  /** At once when the row is remembered; unknown ids are not, so that guesses cannot push out what is in use. */
  get(id: Id): Row | undefined | Promise<Row | undefined> {
    const known = this.rows.get(id);
    if (known) {
      const age = this.now() - known.readAt;
      // A clock that was set back must not make a row immortal.
      if (age >= 0 && age < FRESH_MS) return known.row;
      this.rows.delete(id);
    }
    return this.reads.get(id) ?? this.load(id);
  }

  forget(id: Id): void {
    this.rows.delete(id);
    this.reads.delete(id);
  }

  forgetWhere(applies: (row: Row) => boolean): void {
    for (const [id, { row }] of this.rows) if (applies(row)) this.rows.delete(id);
    // Whose rows these will be is not known yet.
    this.reads.clear();
  }

  private load(id: Id): Promise<Row | undefined> {
    const readAt = this.now();
    const reading = this.read(id).then(
      (row) => {
        if (this.reads.get(id) !== reading) return row;
        this.reads.delete(id);
        if (row !== undefined) this.remember(id, { row, readAt });
        return row;
      },
      (error: unknown) => {
        if (this.reads.get(id) === reading) this.reads.delete(id);
        throw error;
      },
    );
    this.reads.set(id, reading);
    return reading;
  }

  private remember(id: Id, entry: Remembered<Row>): void {
    this.rows.set(id, entry);
    if (this.rows.size <= REMEMBERED) return;
    const [oldest] = this.rows.keys();
    if (oldest !== undefined) this.rows.delete(oldest);
  }
}
