import { createSecretKey } from 'node:crypto';
import { serveCommands } from '../processes.js';
import { Inbox } from './inbox.js';
import { listenForSigned } from './signed-body.js';

let inbox;
let key;

serveCommands({
  start: async ({ file, secret }) => {
    inbox = new Inbox(file);
    key = createSecretKey(Buffer.from(secret, 'base64'));
    return listenForSigned(
      () => key,
      async (body) => {
        // POSTs that arrived together share one commit; none is answered before it.
        await inbox.store([JSON.parse(body.toString())]);
        return 200;
      },
    );
  },
  reaches: (total) => inbox.reaches(total),
});
