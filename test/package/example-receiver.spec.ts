import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { signStandard } from '../../src/protocol/standard-webhooks.js';
import { until } from '../support/until.js';
import { ROOT } from './documents.js';

interface ReceivedEvent {
  id: string;
  type: string;
  text: string;
}
interface Journal {
  cursor: string | undefined;
  size: number;
  append(events: ReceivedEvent[], cursor: string): Promise<{ stored: number; repeated: number }>;
  close(): Promise<void>;
}
interface FeedSettings {
  url: string;
  apiKey: string;
  journal: Journal;
  log(what: string, details: object): void;
}

const example = <T>(file: string) => import(join(ROOT, 'examples/plain-node-receiver', file)) as Promise<T>;
const { Journal } = await example<{ Journal: { open(path: string): Promise<Journal> } }>('journal.js');
const { Feed } = await example<{ Feed: new (settings: FeedSettings) => { wake(): void } }>('feed.js');
const { itemTexts, memberText } = await example<{
  itemTexts(text: string): string[];
  memberText(text: string, name: string): string | undefined;
}>('raw-json.js');
const { verifiedSignalId } = await example<{
  verifiedSignalId(body: Buffer, request: Pick<IncomingMessage, 'headersDistinct'>, secret: string): string | undefined;
}>('verify.js');

const event = (n: number, data = '1') => ({
  id: `evt_${n}`,
  type: 'a.b',
  text: `{"id":"evt_${n}","type":"a.b","data":${data}}`,
});

let directory: string;
let opened: Journal[] = [];
const openJournal = async (path: string): Promise<Journal> => {
  const journal = await Journal.open(path);
  opened.push(journal);
  return journal;
};
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signpost-example-'));
});
afterEach(async () => {
  for (const journal of opened) await journal.close();
  opened = [];
  await rm(directory, { recursive: true, force: true });
});

describe('the raw text of the example receiver', () => {
  const spaces = fc.constantFrom('', ' ', '\n', '\t ');

  it('is the text between the brackets, whatever the values and the white space', () => {
    fc.assert(
      fc.property(fc.array(fc.json()), spaces, spaces, (values, before, after) => {
        const text = `[${values.map((value) => before + value + after).join(',')}]`;
        expect(itemTexts(text)).toEqual(values.map((value) => value.trim()));
      }),
    );
  });

  it('is found by the name of a member, also by one with quotes and colons in it', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.json(), spaces, (names, value, space) => {
        const text = `{${names.map((name) => `${space}${JSON.stringify(name)}${space}:${space}${value}`).join(',')}}`;
        for (const name of names) expect(memberText(text, name)).toBe(value.trim());
        expect(memberText(text, names.join('') + 'x')).toBe(undefined);
      }),
    );
  });
});

describe('the journal of the example receiver', () => {
  it('has whole pages only, wherever a crash cut it off', async () => {
    const path = join(directory, 'journal');
    const journal = await Journal.open(path);
    await journal.append([event(1), event(2, '"ä"')], 'c2');
    await journal.append([event(3, '{"cursor":"c9"}')], 'c3');
    await journal.close();
    const whole = await readFile(path);
    const states = new Set<string>();

    for (let length = 0; length <= whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      const reopened = await Journal.open(path);
      states.add(`${reopened.cursor} ${reopened.size}`);
      const missing = { c2: 2, c3: 1 }[reopened.cursor ?? ''] ?? 3;
      expect(await reopened.append([event(2), event(3), event(4)], 'c4')).toMatchObject({ stored: missing });
      await reopened.close();
      const again = await Journal.open(path);
      expect(again.cursor).toBe('c4');
      await again.close();
    }
    expect([...states]).toEqual(['undefined 0', 'c2 2', 'c3 3']);
  });
});

describe('the example receiver', () => {
  const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
  const body = Buffer.from('{"type":"endpoint.test"}');

  function request(changes: Record<string, string[] | undefined> = {}, age = 0) {
    const timestamp = String(Math.floor(Date.now() / 1000) - age);
    const signature = signStandard({ id: 'sig_1', timestamp, body, secrets: [secret] });
    const headers = { 'webhook-id': ['sig_1'], 'webhook-timestamp': [timestamp], 'webhook-signature': [signature] };
    return { headersDistinct: { ...headers, ...changes } };
  }

  it('takes what Signpost signs, also beside signatures that it does not know', () => {
    expect(verifiedSignalId(body, request(), secret)).toBe('sig_1');
    const [own = ''] = request().headersDistinct['webhook-signature'] ?? [];
    expect(verifiedSignalId(body, request({ 'webhook-signature': [`v1,AAAA v1a,BBBB ${own}`] }), secret)).toBe('sig_1');
  });

  it('refuses what is altered, old, early, repeated or incomplete', () => {
    const [own = ''] = request().headersDistinct['webhook-signature'] ?? [];
    const refused = [
      [Buffer.from('{}'), request()],
      [body, request({ 'webhook-id': ['sig_2'] })],
      [body, request({ 'webhook-id': ['sig_1', 'sig_1'] })],
      [body, request({ 'webhook-id': undefined })],
      [body, request({ 'webhook-signature': [own.replace('v1,', 'v2,')] })],
      [body, request({ 'webhook-signature': [`${'v1,x '.repeat(10)}${own}`] })],
      [body, request({}, 301)],
      [body, request({}, -302)],
    ] as const;
    for (const [bytes, altered] of refused) expect(verifiedSignalId(bytes, altered, secret)).toBe(undefined);
  });

  it('asks for the next page only when the one before is on disk, and knows what it has', async () => {
    const path = join(directory, 'journal');
    const onDisk: [string, boolean][] = [];
    await withProducer(
      async (after, response) => {
        if (after !== null) onDisk.push([after, (await readFile(path, 'utf8')).includes(`{"cursor":"${after}"}`)]);
        const page = { c2: [event(2), event(3)], c3: [] }[after ?? ''] ?? [event(1), event(2)];
        const cursor = { c2: 'c3', c3: 'c3' }[after ?? ''] ?? 'c2';
        response.end(`{"events":[${page.map(({ text }) => text).join()}],"cursor":"${cursor}","more":false}`);
      },
      async (url) => {
        const journal = await openJournal(path);
        new Feed({ url, apiKey: 'sp_1', journal, log: () => undefined }).wake();
        await until(() => onDisk.length === 2, 'the feed is drained');
        expect(onDisk).toEqual([
          ['c2', true],
          ['c3', true],
        ]);
        expect(journal.size).toBe(3);
        expect((await readFile(path, 'utf8')).match(/"id":"evt_2"/g)).toHaveLength(1);
      },
    );
  });

  it('goes on after an outage, and from the oldest cursor after a longer one', async () => {
    const answers = [
      [503, { title: 'Later' }],
      [410, { title: 'Too old', oldest: 'c7' }],
    ] as [number, object][];
    const asked: (string | null)[] = [];
    const said: string[] = [];
    await withProducer(
      (after, response) => {
        asked.push(after);
        const [status, problem] = answers.shift() ?? [200, { events: [], cursor: after, more: false }];
        response.writeHead(status).end(JSON.stringify(problem));
      },
      async (url) => {
        const journal = await openJournal(join(directory, 'journal'));
        new Feed({ url, apiKey: 'sp_1', journal, log: (what) => said.push(what) }).wake();
        await until(() => asked.length === 3, 'the feed is drained');
        expect(asked).toEqual([null, null, 'c7']);
        expect(said).toEqual(['feed unavailable', 'events were missed']);
        expect(journal.cursor).toBe('c7');
      },
    );
  });
});

/** A producer whose feed is `answer`, while `use` runs. */
async function withProducer(
  answer: (after: string | null, response: ServerResponse) => void | Promise<void>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => {
    void answer(new URL(request.url ?? '', 'http://localhost').searchParams.get('after'), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
