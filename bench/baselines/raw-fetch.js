import Database from 'better-sqlite3';
import { createServer } from 'node:http';
import { serveCommands } from '../processes.js';
import { keyCheck } from './key-check.js';

const time = (ms) => new Date(ms).toISOString();

/** The stored JSON passed through unparsed, in the contract's shape. */
function eventText(row) {
  const subject = row.subject === null ? 'null' : JSON.stringify(row.subject);
  return (
    `{"id":"${row.id}","type":"${row.type}","tenant":"${row.tenant}","subject":${subject},"occurredAt":"${time(row.occurred_at)}",` +
    `"recordedAt":"${time(row.recorded_at)}","cursor":"${row.ordinal}","data":${row.data}}`
  );
}

function serve(db) {
  const tenantOf = keyCheck(db);
  const find = db.prepare('SELECT * FROM signpost_event WHERE id = ? AND tenant = ?');
  return (request, response) => {
    const tenant = tenantOf(request.headers.authorization);
    if (tenant === undefined) return response.writeHead(401).end();
    const row = find.get(request.url.slice('/v1/events/'.length), tenant);
    if (!row) return response.writeHead(404).end();
    const body = eventText(row);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  };
}

serveCommands({
  start: async ({ file }) => {
    const server = createServer(serve(new Database(file, { readonly: true })));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server.address().port;
  },
});
