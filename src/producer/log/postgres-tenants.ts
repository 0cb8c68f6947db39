import { createHash } from 'node:crypto';
import type { PostgresEngine } from '../../database/postgres-engine.js';

/** Tenants remembered at once. */
const REMEMBERED = 50_000;

/**
 * Which partition of the log a tenant's events are in. Decided when the tenant is first met and written down, so that another number of
 * partitions later concerns new tenants only: an event's place never moves.
 */
export class PostgresTenants {
  /** Partitions that this node knows of: those that were there when it looked, and those of the tenants that it met. */
  readonly met = new Set<number>();
  private readonly known = new Map<string, number>();
  private readonly table: string;

  constructor(
    private readonly engine: PostgresEngine,
    readonly partitions: number,
  ) {
    this.table = engine.table('tenant');
  }

  /** Past any transaction of the application: it is true whatever becomes of that. */
  async partitionOf(tenant: string): Promise<number> {
    return this.known.get(tenant) ?? (await this.decide(tenant));
  }

  /** Every partition that may hold events, or will. */
  async all(): Promise<number[]> {
    const rows = await this.engine.rowsAgain<{ partition: number }>(
      `SELECT partition FROM ${this.engine.table('log_head')} ORDER BY partition`,
    );
    for (const { partition } of rows) this.met.add(partition);
    return rows.map(({ partition }) => partition);
  }

  /** Makes the heads of the partitions that the settings ask for; those of earlier settings stay. */
  async prepare(): Promise<void> {
    await this.engine.rowsAgain(
      `INSERT INTO ${this.engine.table('log_head')} (partition, pruned_through)
       SELECT n, 0 FROM generate_series(0, $1::int - 1) AS n ON CONFLICT DO NOTHING`,
      [this.partitions],
    );
  }

  private async decide(tenant: string): Promise<number> {
    const chosen = this.partitions === 1 ? 0 : hash(tenant) % this.partitions;
    // The insert first: a node with other settings may have decided at the same moment, and the row that is there counts.
    await this.engine.rowsAgain(
      `INSERT INTO ${this.table} (tenant, partition) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
      [tenant, chosen],
    );
    const [row] = await this.engine.rowsAgain<{ partition: number }>(
      `SELECT partition FROM ${this.table} WHERE tenant = $1`,
      [tenant],
    );
    const partition = row?.partition ?? chosen;
    if (this.known.size >= REMEMBERED) this.known.clear();
    this.known.set(tenant, partition);
    this.met.add(partition);
    return partition;
  }
}

/** Spreads tenants evenly, and the same on every node and version. */
function hash(tenant: string): number {
  return createHash('sha256').update(tenant).digest().readUInt32BE(0);
}
