/** What a statement does to the transaction it runs in, as far as its text shows. */
export type TransactionVerb =
  | { readonly kind: 'begin' | 'commit' | 'rollback' }
  | { readonly kind: 'savepoint' | 'release' | 'rollback-to'; readonly name: string };

const LEADING_BLANKS = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/;
const NAME = String.raw`("(?:[^"]|"")*"|\x60[^\x60]*\x60|\[[^\]]*\]|'(?:[^']|'')*'|[^\s;]+)`;
const SAVEPOINT = new RegExp(String.raw`^SAVEPOINT\s+${NAME}`, 'i');
const RELEASE = new RegExp(String.raw`^RELEASE\s+(?:SAVEPOINT\s+)?${NAME}`, 'i');
const ROLLBACK_TO = new RegExp(String.raw`^ROLLBACK\s+(?:TRANSACTION\s+)?TO\s+(?:SAVEPOINT\s+)?${NAME}`, 'i');
/** `BEGIN` as TypeORM and most people write it: deferred, by SQLite's default. */
const BEGIN_DEFERRED = /^BEGIN(?:\s+DEFERRED)?(?:\s+TRANSACTION)?\s*;?\s*$/i;

/** Savepoint names are case-insensitive, quoted or not (SQLite, lang_savepoint). */
const plainName = (name: string | undefined): string => (name ?? '').replace(/^["'`[]|["'`\]]$/g, '').toLowerCase();

export function transactionVerb(sql: string): TransactionVerb | undefined {
  const text = sql.replace(LEADING_BLANKS, '');
  // Every statement of the host passes here; five letters decide for nearly all of them.
  if (!/^(?:BEGIN|COMMI|END|ROLLB|SAVEP|RELEA)/i.test(text)) return undefined;
  const rollbackTo = ROLLBACK_TO.exec(text);
  if (rollbackTo) return { kind: 'rollback-to', name: plainName(rollbackTo[1]) };
  const savepoint = SAVEPOINT.exec(text);
  if (savepoint) return { kind: 'savepoint', name: plainName(savepoint[1]) };
  const release = RELEASE.exec(text);
  if (release) return { kind: 'release', name: plainName(release[1]) };
  if (/^ROLLBACK\b/i.test(text)) return { kind: 'rollback' };
  if (/^(?:COMMIT|END)\b/i.test(text)) return { kind: 'commit' };
  return /^BEGIN\b/i.test(text) ? { kind: 'begin' } : undefined;
}

/**
 * `BEGIN` becomes `BEGIN IMMEDIATE`: the write lock is taken at the start, where waiting for another process loses
 * nothing. A deferred transaction takes it at its first write, and SQLite then answers SQLITE_BUSY in the middle of
 * the host's work; after a read it cannot even be tried again (SQLITE_BUSY_SNAPSHOT).
 */
export function withWriteLock(sql: string): string {
  return BEGIN_DEFERRED.test(sql.replace(LEADING_BLANKS, '')) ? 'BEGIN IMMEDIATE TRANSACTION' : sql;
}

interface Frame {
  readonly name: string;
  callbacks: (() => void)[];
}

/** Callbacks for after the commit, kept per savepoint: what is rolled back takes its callbacks with it. */
export class CommitCallbacks {
  #frames: Frame[] = [{ name: '', callbacks: [] }];

  add(callback: () => void): void {
    this.#frames.at(-1)?.callbacks.push(callback);
  }

  apply(verb: TransactionVerb): void {
    if (verb.kind === 'savepoint') this.#frames.push({ name: verb.name, callbacks: [] });
    if (verb.kind !== 'release' && verb.kind !== 'rollback-to') return;
    const at = this.#frames.findLastIndex((frame, index) => index > 0 && frame.name === verb.name);
    if (at < 1) return;
    if (verb.kind === 'release') {
      const released = this.#frames.splice(at);
      this.#frames.at(-1)?.callbacks.push(...released.flatMap((frame) => frame.callbacks));
    } else {
      // ROLLBACK TO keeps the savepoint itself, and cancels those that came after it.
      this.#frames.length = at + 1;
      this.#frames.at(-1)?.callbacks.splice(0);
    }
  }

  /** All that survived, in the order of registration; forgets them. */
  take(): (() => void)[] {
    const callbacks = this.#frames.flatMap((frame) => frame.callbacks);
    this.clear();
    return callbacks;
  }

  clear(): void {
    this.#frames = [{ name: '', callbacks: [] }];
  }
}
