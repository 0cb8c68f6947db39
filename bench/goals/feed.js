import { writeFileSync } from 'node:fs';
import { request } from 'undici';
import { interleave } from '../interleave.js';
import { startChild } from '../processes.js';

/** Receivers that drain at once. */
const CONNECTIONS = 4;
const LIMIT = 1_000;
/** Pages that the load walks through, again and again. */
const PAGES = 200;

/** Walks the feed from its beginning, as a receiver does. */
async function walk(url, authorization) {
  const paths = [];
  let bytes;
  for (let after = ''; paths.length < PAGES;) {
    const path = `/v1/events?limit=${LIMIT}${after}`;
    const { statusCode, body } = await request(`${url}${path}`, { headers: { authorization } });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${text}`);
    const { events, cursor, more } = JSON.parse(text);
    if (events.length === LIMIT) {
      paths.push(path);
      bytes = text;
    }
    if (!more) break;
    after = `&after=${encodeURIComponent(cursor)}`;
  }
  return { paths, bytes };
}

/** Goal 8: the feed in full pages, against the same bytes out of memory. */
export async function feed({ log, workspace, options }) {
  const { service } = await log.open();
  const authorization = await log.receiver({ caughtUp: false });
  const { paths, bytes } = await walk(service.url, authorization);
  const page = workspace.file('page.json');
  writeFileSync(page, bytes);
  const raw = await startChild('baselines/raw-feed.js', { page });
  await log.ask(paths);
  const contenders = {
    ours: log.contender({ pid: service.pid, port: service.port }, CONNECTIONS, authorization),
    raw: log.contender({ pid: raw.pid, port: raw.started }, CONNECTIONS, authorization),
  };
  await interleave(contenders, 1);
  const results = await interleave(contenders, options.rounds);
  await raw.stop();
  return [
    {
      goal: '8',
      work: `feed, pages of 1,000 × 1 KB`,
      unit: 'pages',
      against: 'node:http, the same bytes',
      ours: results.ours,
      baseline: results.raw,
      target: 0.5,
    },
  ];
}
