import { startEmbeddedPostgres } from '../../scripts/embedded-postgres.js';

/** One server for the whole run; a suite asks it for a database of its own. With `TEST_DATABASE_URL`, that server is used instead. */
export default async function globalPostgres() {
  if (process.env.TEST_DATABASE_URL) return;
  const server = await startEmbeddedPostgres();
  process.env.TEST_DATABASE_URL = server.url;
  globalThis.stopTestPostgres = server.stop;
}
