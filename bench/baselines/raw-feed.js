import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { serveCommands } from '../processes.js';

serveCommands({
  /** Sends the bytes of `page`, a file, to whoever asks for anything. */
  start: async ({ page }) => {
    const bytes = readFileSync(page);
    const server = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server.address().port;
  },
});
