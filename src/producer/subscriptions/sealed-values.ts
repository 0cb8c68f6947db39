import type { DataSource } from 'typeorm';
import { inSchema } from '../../database/schema-name.js';
import { SEALED_COLUMNS, type SealedColumn } from './sealed-columns.js';
import { sealPrefix, type Sealer, UnsealError } from './sealing.js';

/** Read at once; each is opened and sealed anew, some microseconds, and written by itself. */
const BATCH = 200;

/** How many values of a column are under a master key. */
export interface SealedCount {
  /** `signpost_endpoint.url_sealed` */
  column: string;
  keyId: string;
  count: number;
}

/** What one run did. */
export interface ResealSummary {
  /** Sealed anew under the present key. */
  resealed: number;
  /** Under a key that was not given; they stay as they are. */
  unknown: SealedCount[];
  /** Damaged values, which no key opens, by column and the id of their row. */
  damaged: string[];
}

interface SealedRow {
  key: string | number;
  owner: string;
  sealed: string;
}

/** The sealed values of an installation, whatever they are of. */
export class SealedValues {
  private readonly onPostgres: boolean;

  constructor(private readonly dataSource: DataSource) {
    this.onPostgres = dataSource.options.type === 'postgres';
  }

  /** How many there are under each key but `known`. */
  async under(known: readonly string[]): Promise<SealedCount[]> {
    const counts: SealedCount[] = [];
    for (const sealed of SEALED_COLUMNS) {
      const { column } = sealed;
      // What is in no form of ours (`v1.<8 characters>.…`) is damaged, and is the matter of its row alone.
      const rows = await this.dataSource.query<{ keyId: string; count: number | string }[]>(
        `SELECT substr(${column}, 4, 8) AS "keyId", count(*) AS count FROM ${this.table(sealed)}
          WHERE ${column} LIKE 'v1.________.%' GROUP BY 1`,
      );
      for (const { keyId, count } of rows) {
        if (!known.includes(keyId)) counts.push({ column: nameOf(sealed), keyId, count: Number(count) });
      }
    }
    return counts;
  }

  /**
   * Seals everything under the sealer's present key that another of its keys sealed, a bounded number at a time. Can be broken off and begun again,
   * and done while nodes run: each value is replaced only if it is still the one that was read, so what a node rotates or changes meanwhile stays.
   */
  async reseal(sealer: Sealer): Promise<ResealSummary> {
    let resealed = 0;
    const damaged = new Set<string>();
    for (const column of SEALED_COLUMNS) {
      // Again until nothing is left: what a node wrote meanwhile may be under the former key as well.
      for (;;) {
        const { done, lost } = await this.pass(column, sealer, damaged);
        resealed += done;
        if (done + lost === 0) break;
      }
    }
    return { resealed, unknown: await this.under(sealer.knownKeyIds), damaged: [...damaged] };
  }

  /** `lost`: values that were other ones by the time they were to be replaced. */
  private async pass(
    column: SealedColumn,
    sealer: Sealer,
    damaged: Set<string>,
  ): Promise<{ done: number; lost: number }> {
    const count = { done: 0, lost: 0 };
    let after: string | number | undefined;
    for (;;) {
      const rows = await this.next(column, sealer.keyId, after);
      for (const row of rows) {
        const outcome = await this.resealOne(column, row, sealer, damaged);
        if (outcome !== 'left') count[outcome] += 1;
      }
      after = rows.at(-1)?.key;
      if (rows.length < BATCH) return count;
    }
  }

  private next(sealed: SealedColumn, keyId: string, after: string | number | undefined): Promise<SealedRow[]> {
    const { column, key, owner } = sealed;
    const prefix = sealPrefix(keyId);
    const [first, second] = this.onPostgres ? ['$1', '$2'] : ['?', '?'];
    return this.dataSource.query<SealedRow[]>(
      `SELECT ${key} AS key, ${owner} AS owner, ${column} AS sealed FROM ${this.table(sealed)}
        WHERE ${column} IS NOT NULL AND substr(${column}, 1, ${prefix.length}) <> ${first}${after === undefined ? '' : ` AND ${key} > ${second}`}
        ORDER BY ${key} LIMIT ${BATCH}`,
      after === undefined ? [prefix] : [prefix, after],
    );
  }

  /** `left`: no key that was given opens it. */
  private async resealOne(
    column: SealedColumn,
    { key, owner, sealed }: SealedRow,
    sealer: Sealer,
    damaged: Set<string>,
  ): Promise<'done' | 'lost' | 'left'> {
    const context = column.context(owner);
    let plaintext: string;
    try {
      plaintext = sealer.open(sealed, context);
    } catch (error) {
      if (!(error instanceof UnsealError)) throw error;
      if (error.reason === 'damaged') damaged.add(`${nameOf(column)} of ${owner}`);
      return 'left';
    }
    return (await this.replace(column, key, sealed, sealer.seal(plaintext, context))) ? 'done' : 'lost';
  }

  /** A statement of its own: it waits for one row at most, and whoever waits for that row waits for one statement. */
  private async replace(sealed: SealedColumn, key: string | number, former: string, present: string): Promise<boolean> {
    const { column, key: id } = sealed;
    const [first, second, third] = this.onPostgres ? ['$1', '$2', '$3'] : ['?', '?', '?'];
    const rows = await this.dataSource.query<unknown>(
      `UPDATE ${this.table(sealed)} SET ${column} = ${first} WHERE ${id} = ${second} AND ${column} = ${third} RETURNING ${id}`,
      [present, key, former],
    );
    // Of a changing statement the drivers answer rows, or rows and their number.
    const changed = Array.isArray(rows) && Array.isArray(rows[0]) ? rows[0] : rows;
    return Array.isArray(changed) && changed.length > 0;
  }

  private table({ table }: SealedColumn): string {
    return inSchema(this.dataSource.options, `signpost_${table}`);
  }
}

function nameOf({ table, column }: SealedColumn): string {
  return `signpost_${table}.${column}`;
}
