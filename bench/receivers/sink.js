import { createServer } from 'node:net';
import { serveCommands } from '../processes.js';
import { MessageSplitter } from '../wire.js';

const ANSWER = Buffer.from('HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n', 'latin1');

let received = 0;

/** Answers every POST with 202 and keeps nothing of it. */
function serve(socket) {
  socket.setNoDelay(true);
  const splitter = new MessageSplitter(() => {
    received++;
    socket.write(ANSWER);
  });
  socket.on('data', (chunk) => splitter.push(chunk));
  socket.on('error', () => socket.destroy());
}

serveCommands({
  /** Distinct origins on the loopback are distinct ports: they exist on every system, other addresses of 127/8 do not. */
  start: async ({ origins }) => {
    const listening = Array.from({ length: origins }, async () => {
      const server = createServer(serve);
      await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
      return server.address().port;
    });
    return Promise.all(listening);
  },
  received: () => received,
});
