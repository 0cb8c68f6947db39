import { createServer } from 'node:http';
import { serveCommands } from '../processes.js';

const BODY = JSON.stringify({ id: 'evt', data: 'x'.repeat(1_000) });

/** Answers anything at once: what a POST and a GET over the loopback cost with nothing behind them. */
serveCommands({
  start: () =>
    new Promise((resolve) => {
      const server = createServer((request, response) => {
        request.resume();
        if (request.method === 'POST') response.writeHead(202).end();
        else response.writeHead(200, { 'content-type': 'application/json' }).end(BODY);
      });
      server.listen(0, '127.0.0.1', () => resolve(server.address().port));
    }),
});
