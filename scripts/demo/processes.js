import { fileURLToPath } from 'node:url';
import { Child } from './child.js';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** The service as `npm start` runs it, with waits short enough to watch. */
export function serviceProcess({ directory, port, adminKey, onCrash }) {
  return new Child({
    name: 'service',
    script: path('../../dist/main.js'),
    env: {
      PORT: String(port),
      DATABASE_URL: `sqlite:${directory.file('signpost.db')}`,
      SIGNPOST_ADMIN_KEY: adminKey,
      SIGNPOST_ALLOW_TARGETS: '127.0.0.0/8',
      SIGNPOST_RETRY_SCHEDULE: '500ms,1s,2s',
      SIGNPOST_CONFIRM_SCHEDULE: '2s,4s',
    },
    logFile: directory.file('service.log'),
    onCrash,
  });
}

/** The example receiver; its log lines become the story and the figures. */
export function receiverProcess({ directory, ports, url, credential, endpoint, onCrash, narrator, tally }) {
  return new Child({
    name: 'receiver',
    script: path('../../examples/plain-node-receiver/receiver.js'),
    env: {
      PORT: String(ports.receiver),
      SIGNPOST_URL: url,
      SIGNPOST_API_KEY: credential.apiKey,
      SIGNPOST_SIGNING_SECRET: endpoint.secret,
      JOURNAL: directory.file('received.ndjson'),
      DRAIN_EVERY_MS: '2000',
    },
    logFile: directory.file('receiver.log'),
    onLine: (line) => tell(JSON.parse(line), narrator, tally),
    onCrash,
  });
}

function tell(entry, narrator, tally) {
  switch (entry.what) {
    case 'signal':
      return narrator.signal(entry, tally.signal(entry.id));
    case 'fetched':
      return narrator.fetched(entry.events, entry.bytes, tally.events(entry.events));
    case 'stored':
    case 'listening':
      tally.stored = entry.total ?? entry.stored;
      return undefined;
    case 'refused':
      tally.refused += 1;
      return narrator.note('the receiver refused a request without a valid signature');
    case 'feed unavailable':
      return narrator.note(`the receiver cannot read the feed (${entry.reason}) and tries again`);
    default:
      return undefined;
  }
}
