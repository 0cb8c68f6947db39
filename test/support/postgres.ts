import { randomBytes } from 'node:crypto';
import { query, startEmbeddedPostgres } from '../../scripts/embedded-postgres.js';

export interface TestPostgres {
  /** Of the server's own database; tests ask for one with `createDatabase`. */
  url: string;
  createDatabase(): Promise<{ url: string; drop(): Promise<void> }>;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL server: that of `TEST_DATABASE_URL`, whose role must be allowed to create databases, or else one that is started for the
 * caller. The test run starts one for all suites and names it there (see `global-postgres.js`).
 */
export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env.TEST_DATABASE_URL;
  const server = given ? { url: given, stop: () => Promise.resolve() } : await startEmbeddedPostgres();
  const open = new Set<() => Promise<void>>();
  return {
    url: server.url,
    createDatabase: async () => {
      const name = `signpost_test_${randomBytes(6).toString('hex')}`;
      await query(server.url, `CREATE DATABASE ${name}`);
      const drop = async () => {
        if (open.delete(drop)) await query(server.url, `DROP DATABASE ${name} WITH (FORCE)`);
      };
      open.add(drop);
      const url = new URL(server.url);
      url.pathname = name;
      return { url: url.href, drop };
    },
    stop: async () => {
      // The files of a server of our own go all at once.
      if (given) await Promise.all([...open].map((drop) => drop()));
      await server.stop();
    },
  };
}
