import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { codeBlock, codeBlocks, DOCUMENTS, readDocument, ROOT } from './documents.js';
import { nestPackages, payments, PRODUCER_FILES, RECEIVER_FILES } from './readme-apps.js';
import { freePort, ReadmeProject } from './readme-project.js';

const readme = readDocument('README.md');

describe('the code of the README', () => {
  let producer: ReadmeProject;
  let receiver: ReadmeProject;

  beforeAll(async () => {
    producer = await ReadmeProject.create(PRODUCER_FILES, nestPackages('nestjs-signpost'));
    receiver = await ReadmeProject.create(RECEIVER_FILES, nestPackages('nestjs-signpost/receiver'));
  });
  afterAll(() => Promise.all([producer?.remove(), receiver?.remove()]));

  it('is short', () => {
    for (const name of ['producer', 'receiver']) {
      expect(
        codeBlock(readme, name)
          .split('\n')
          .filter((line) => line !== '').length,
      ).toBeLessThanOrEqual(25);
    }
  });

  it('compiles, and brings events from the producer to the receiver, with nothing installed but what it says', async () => {
    expect(producer.compile('producer-main.ts')).toEqual([]);
    expect(receiver.compile('receiver-main.ts')).toEqual([]);
    expect(await payments(producer, receiver, [4200, 4300])).toMatchObject([
      { invoice: '1', cents: 4200 },
      { invoice: '2', cents: 4300 },
    ]);
  }, 60_000);

  it('has curl commands that a fresh service answers as told', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const adminKey = 'an-admin-key-for-tests';
    const allow = /^(SIGNPOST_ALLOW_TARGETS)=(\S+) npm start$/m.exec(readme);
    const service = producer.start(join(ROOT, 'dist/main.js'), {
      PORT: String(port),
      SIGNPOST_ADMIN_KEY: adminKey,
      [allow?.[1] ?? '']: allow?.[2] ?? '',
    });
    await until(
      () =>
        fetch(`${url}/health/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
      'the service is ready',
    ).catch(() => {
      throw new Error(service.output());
    });

    const known: Record<string, string> = { '<the admin key>': adminKey };
    const statuses: number[] = [];
    let last = '';
    for (const { path, headers, body } of curlCommands(readme)) {
      const answer = await fetch(url + fill(path, known), {
        headers: headers.map((header) => fill(header, known).split(': ') as [string, string]),
        ...(body === undefined ? {} : { method: 'POST', body }),
      });
      statuses.push(answer.status);
      last = await answer.text();
      const { id, apiKey } = JSON.parse(last) as { id?: string; apiKey?: string };
      if (id?.startsWith('rcv_')) known['<rcv_…>'] = id;
      if (apiKey !== undefined) known['<sp_…>'] = apiKey;
    }
    expect(statuses).toEqual([201, 201, 201, 201, 200]);
    expect(last).toContain('"data":{"total":"119.00"}');
  });
});

describe('the README', () => {
  it('lists the settings that the service reads, and no others', () => {
    const source = ['environment', 'issuer-environment'].map((name) => readDocument(`src/service/${name}.ts`)).join('');
    const read = new Set([...source.matchAll(/\benv\.([A-Z_]+)/g)].map(([, name]) => name));
    const [table = ''] = /## Settings of the service.*?\n\n.*?\n\n/s.exec(readme) ?? [];
    const listed = [...table.matchAll(/^\| (.*?) +\|/gm)].flatMap(([, cell = '']) => cell.match(/[A-Z_]{4,}/g) ?? []);
    expect([...listed, 'NODE_ENV'].sort()).toEqual([...read].sort());
  });

  it('and the other documents link only to what is there', () => {
    for (const document of DOCUMENTS) {
      const links = [...readDocument(document).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
      const missing = links.filter((link) => !existsSync(join(ROOT, dirname(document), link)));
      expect([document, missing]).toEqual([document, []]);
    }
  });
});

interface CurlCommand {
  path: string;
  headers: string[];
  body: string | undefined;
}

/** The requests of the block that sets ADMIN and JSON, with these put in. */
function curlCommands(document: string): CurlCommand[] {
  const block = codeBlocks(document, 'sh').find((text) => text.includes('ADMIN=')) ?? '';
  const variable = (name: string) => new RegExp(`\\b${name}='([^']*)'`).exec(block)?.[1] ?? '';
  const lines = block.replaceAll('\\\n', ' ').split('\n');
  return lines
    .filter((line) => line.startsWith('curl'))
    .map((line) => ({
      path: /\$URL(\S*)/.exec(line)?.[1] ?? '',
      headers: [...line.matchAll(/-H (?:"\$(\w+)"|'([^']*)')/g)].map(([, name, text]) => text ?? variable(name ?? '')),
      body: /-d '([^']*)'/.exec(line)?.[1],
    }));
}

function fill(text: string, known: Record<string, string>): string {
  return Object.entries(known).reduce((filled, [placeholder, value]) => filled.replaceAll(placeholder, value), text);
}
