import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeProducer } from '../../src/testing/index.js';
import { until } from '../support/until.js';
import { freePort, ReadmeProject } from './readme-project.js';

/** A receiver without a framework: takes a signal, reads the feed, tells what it has read. */
const RECEIVER = `
import { createServer } from 'node:http';
import { nodeSignalHandler, SignpostClient } from 'nestjs-signpost/client';

const { SIGNPOST_URL: url = '', SIGNPOST_API_KEY: apiKey = '', SIGNPOST_SIGNING_SECRET: secrets = '' } = process.env;
const client = new SignpostClient({ url, apiKey });
const read = async (): Promise<void> => {
  const { events } = await client.page();
  process.send?.({ read: events.map(({ id }) => id) });
};
const server = createServer(nodeSignalHandler({ secrets, onSignal: () => void read() }));
server.listen(Number(process.env['PORT']), '127.0.0.1', () => process.send?.({ listens: true }));
`;

describe('nestjs-signpost/client, with undici beside it and nothing else', () => {
  let project: ReadmeProject;
  let producer: FakeProducer;

  beforeAll(async () => {
    project = await ReadmeProject.create({ 'receiver.ts': RECEIVER }, []);
    producer = await FakeProducer.start();
  });
  afterAll(async () => {
    await producer.close();
    await project.remove();
  });

  it('compiles, takes a signal and reads the feed', async () => {
    expect(project.compile('receiver.ts', { skipLibCheck: false })).toEqual([]);
    const port = await freePort();
    const { secret } = producer.signalTo(`http://127.0.0.1:${port}/signals`);
    const { process, output } = project.start('receiver.js', {
      PORT: String(port),
      SIGNPOST_URL: producer.url,
      SIGNPOST_API_KEY: producer.apiKey,
      SIGNPOST_SIGNING_SECRET: secret,
    });
    const told: { listens?: true; read?: string[] }[] = [];
    process.on('message', (message: (typeof told)[number]) => told.push(message));
    const explained = (error: Error) => {
      throw new Error(`${error.message}\n${output()}`);
    };
    await until(() => told.some(({ listens }) => listens), 'it listens').catch(explained);
    const { id } = await producer.publish({ type: 'invoice.paid' });
    await until(() => told.some(({ read }) => read?.includes(id)), 'it has read').catch(explained);
  });

  it.each(['nestjs-signpost', 'nestjs-signpost/receiver'])('%s says which package is not there', (entry) => {
    const script = `await import('${entry}').catch(({ message }) => console.log(message))`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: project.directory,
      encoding: 'utf8',
    });
    expect(said).toContain(`Cannot find package '@nestjs/`);
  });
});
