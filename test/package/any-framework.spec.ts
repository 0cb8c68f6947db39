import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { startProducer, type ProducerApp } from '../support/producer-app.js';
import { publish, subscribe } from '../support/subscribed.js';
import { until } from '../support/until.js';
import { readDocument, ROOT } from './documents.js';
import { freePort } from './readme-project.js';

const FILES = ['node-http.js', 'express.js', 'fastify.js'];

describe.each(FILES)('examples/any-framework/%s', (file) => {
  let producer: ProducerApp | undefined;
  let child: ChildProcess | undefined;
  let directory = '';
  afterEach(async () => {
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    await producer?.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('takes signals in at most five lines, and stores every event', async () => {
    const code = readDocument(`examples/any-framework/${file}`)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('//'));
    expect(code.length).toBeLessThanOrEqual(5);

    directory = await mkdtemp(join(tmpdir(), 'signpost-any-'));
    producer = await startProducer('fastify', { dispatch: { retrySchedule: [100, 100, 200, 500] } });
    const port = await freePort();
    const { apiKey, secret } = await subscribe(producer, `http://127.0.0.1:${port}/signals`);
    const before = await publish(producer, { type: 'order.placed', data: { before: true } });
    child = fork(join(ROOT, 'examples/any-framework', file), {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        PATH: process.env['PATH'] ?? '',
        PORT: String(port),
        INBOX: join(directory, 'inbox.db'),
        SIGNPOST_URL: producer.url,
        SIGNPOST_API_KEY: apiKey,
        SIGNPOST_SIGNING_SECRET: secret,
        // Only signals may bring what comes after the start.
        DRAIN_EVERY_MS: '3600000',
      },
    });
    const stored = () => rows(join(directory, 'inbox.db'));
    await until(() => stored().includes(before.id), 'what was published before the start');
    const forged = await until(
      () =>
        fetch(`http://127.0.0.1:${port}/signals`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        }).catch(() => undefined),
      'the route',
    );
    expect([forged.status, await forged.text()]).toEqual([401, '']);
    const after = await publish(producer, { type: 'order.placed', data: { before: false } });
    await until(() => stored().includes(after.id), 'what a signal told of');
  });
});

function rows(file: string): string[] {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true });
    try {
      return db.prepare('SELECT id FROM inbox ORDER BY rowid').pluck().all() as string[];
    } finally {
      db.close();
    }
  } catch {
    // Not made yet.
    return [];
  }
}
