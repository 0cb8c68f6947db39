import type { SqliteTurns } from '../../database/sqlite-turns.js';

// The state is compared on the row itself: a parked event that holds its lane is the first, and is not handled.
const PROMOTE = `UPDATE signpost_inbox SET ready = 1
  WHERE ordinal = (SELECT ordinal FROM signpost_inbox INDEXED BY signpost_inbox_lane
    WHERE producer = ? AND lane = ? AND open = 1 ORDER BY ordinal LIMIT 1)
  AND ready = 0 AND state IN ('waiting', 'failed')`;

/** From lane to lane through the index: the cost is that of the lanes, not of what waits in them. */
const lanesFrom = (bound: string): string => `WITH RECURSIVE lanes (lane) AS (
    SELECT (SELECT min(lane) FROM signpost_inbox INDEXED BY signpost_inbox_lane
      WHERE producer = @producer AND open = 1 AND lane ${bound} @after)
    UNION ALL
    SELECT (SELECT min(lane) FROM signpost_inbox INDEXED BY signpost_inbox_lane
      WHERE producer = @producer AND open = 1 AND lane > lanes.lane)
    FROM lanes WHERE lane IS NOT NULL
  )
  SELECT lane FROM lanes WHERE lane IS NOT NULL LIMIT @limit`;

// The empty text is a lane as well, and the least of all.
const FIRST_LANES = lanesFrom('>=');
const NEXT_LANES = lanesFrom('>');

/** A step of the sweep looks at no more lanes, so that others get their turn on the connection. */
const LANES_PER_STEP = 500;

/** Which events are the first open ones of their lanes. Within engine steps: there is no other writer that could be missed. */
export class SqliteInboxLanes {
  constructor(private readonly turns: SqliteTurns) {}

  /** Makes the first open event of each lane ready; returns how many were not. */
  promote(producer: string, lanes: readonly string[]): number {
    const statement = this.turns.prepare(PROMOTE);
    return lanes.reduce((sum, lane) => sum + statement.run(producer, lane).changes, 0);
  }

  async sweep(producer: string): Promise<number> {
    let promoted = 0;
    for (let last: string | undefined, count = LANES_PER_STEP; count === LANES_PER_STEP;) {
      const after = last ?? '';
      const sql = last === undefined ? FIRST_LANES : NEXT_LANES;
      const lanes = await this.turns.step('inbox sweep', () => {
        const rows = this.turns.prepare(sql).all({ producer, after, limit: LANES_PER_STEP }) as { lane: string }[];
        const names = rows.map((row) => row.lane);
        promoted += this.promote(producer, names);
        return names;
      });
      last = lanes.at(-1);
      count = lanes.length;
    }
    return promoted;
  }
}
