import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { codeBlock, codeBlocks, readDocument, ROOT } from './documents.js';
import { freePort, ReadmeProject, type Program } from './readme-project.js';

const readme = readDocument('README.md');

const INVOICE = `
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity()
export class Invoice {
  @PrimaryGeneratedColumn() id!: number;
  @Column('integer') cents!: number;
}`;

const PAYMENT = `
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity()
export class Payment {
  @PrimaryGeneratedColumn() id!: number;
  @Column('text') invoice!: string;
  @Column('integer') cents!: number;
}`;

const creation = (module: string) => new RegExp(`(NestFactory\\.create\\(${module},.*?\\))`).exec(readme)?.[1];

/** Starts the producer with the call that the README names, and gives the receiver what an operator would. */
const PRODUCER_MAIN = `
import { NestFactory } from '@nestjs/core';
import { CredentialsService, EndpointsService, ReceiversService } from 'nestjs-signpost';
import { ShopModule } from './producer.js';
const app = await ${creation('ShopModule')};
await app.listen(0, '127.0.0.1');
const receiver = await app.get(ReceiversService).create({ name: 'Bookkeeping' });
const { apiKey } = await app.get(CredentialsService).create(receiver.id, { name: 'test' });
const url = process.env['RECEIVER'] ?? '';
const { secret } = await app.get(EndpointsService).create(receiver.id, { url, eventTypes: ['invoice.*'] });
process.send?.({ url: await app.getUrl(), apiKey, secret });`;

const RECEIVER_MAIN = `
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { BooksModule } from './receiver.js';
import { Payment } from './payment.entity.js';
const app = await ${creation('BooksModule')};
await app.listen(Number(process.env['PORT']), '127.0.0.1');
process.on('message', () => {
  void app.get(DataSource).getRepository(Payment).find().then((payments) => process.send?.({ payments }));
});`;

const files = {
  'producer.ts': codeBlock(readme, 'producer'),
  'invoice.entity.ts': INVOICE,
  'producer-main.ts': PRODUCER_MAIN,
  'receiver.ts': codeBlock(readme, 'receiver'),
  'payment.entity.ts': PAYMENT,
  'receiver-main.ts': RECEIVER_MAIN,
};

describe('the code of the README', () => {
  let project: ReadmeProject;

  beforeAll(async () => {
    project = await ReadmeProject.create(files);
  });
  afterAll(() => project.remove());

  it('is short', () => {
    for (const name of ['producer', 'receiver']) {
      expect(
        codeBlock(readme, name)
          .split('\n')
          .filter((line) => line !== '').length,
      ).toBeLessThanOrEqual(25);
    }
  });

  it('compiles under a strict compiler, and brings an event from the producer to the receiver', async () => {
    expect(project.compile('producer-main.ts')).toEqual([]);
    expect(project.compile('receiver-main.ts')).toEqual([]);

    const port = await freePort();
    const target = `http://127.0.0.1:${port}/signals`;
    const masterKey = Buffer.alloc(32, 7).toString('base64');
    const producer = project.start(join(project.directory, 'producer-main.js'), {
      RECEIVER: target,
      SIGNPOST_MASTER_KEY: masterKey,
    });
    const { url, apiKey, secret } = await firstMessage(producer);
    const receiver = project.start(join(project.directory, 'receiver-main.js'), {
      PORT: String(port),
      SIGNPOST_URL: url,
      SIGNPOST_API_KEY: apiKey,
      SIGNPOST_SIGNING_SECRET: secret,
    });
    const outputs = () => `${producer.output()}\n${receiver.output()}`;
    await until(() => forgedSignal(target).then((status) => status === 401), 'the receiver listens').catch(() => {
      throw new Error(outputs());
    });

    let booked: { invoice: string; cents: number }[] = [];
    receiver.process.on('message', ({ payments }: { payments: typeof booked }) => (booked = payments));
    for (const cents of [4200, 4300]) {
      const answer = await fetch(`${url}/invoices`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ cents }),
      });
      expect(answer.status).toBe(201);
      const arrived = () => {
        receiver.process.send({ show: 'payments' });
        return booked.some((payment) => payment.cents === cents);
      };
      await until(arrived, `the receiver has ${cents}`).catch((error: Error) => {
        throw new Error(`${error.message}\n${outputs()}`);
      });
    }
    expect(booked).toMatchObject([
      { invoice: '1', cents: 4200 },
      { invoice: '2', cents: 4300 },
    ]);
  });

  it('has curl commands that a fresh service answers as told', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const adminKey = 'an-admin-key-for-tests';
    const allow = /^(SIGNPOST_ALLOW_TARGETS)=(\S+) npm start$/m.exec(readme);
    const service = project.start(join(ROOT, 'dist/main.js'), {
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
    const source = readDocument('src/service/environment.ts');
    const read = new Set([...source.matchAll(/\benv\.([A-Z_]+)/g)].map(([, name]) => name));
    const [table = ''] = /## Settings of the service.*?\n\n.*?\n\n/s.exec(readme) ?? [];
    const listed = [...table.matchAll(/^\| (.*?) +\|/gm)].flatMap(([, cell = '']) => cell.match(/[A-Z_]{4,}/g) ?? []);
    expect([...listed, 'NODE_ENV'].sort()).toEqual([...read].sort());
  });

  it('and the other documents link only to what is there', () => {
    for (const document of [
      'README.md',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'docs/protocol.md',
      'docs/receivers.md',
      'docs/testing.md',
      'docs/module.md',
      'docs/states.md',
      'docs/decisions.md',
    ]) {
      const links = [...readDocument(document).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
      const missing = links.filter((link) => !existsSync(join(ROOT, dirname(document), link)));
      expect([document, missing]).toEqual([document, []]);
    }
  });
});

function firstMessage({ process, output }: Program): Promise<{ url: string; apiKey: string; secret: string }> {
  return new Promise((resolve, reject) => {
    process.once('message', resolve as (message: unknown) => void);
    process.once('exit', () => reject(new Error(`The producer ended:\n${output()}`)));
  });
}

async function forgedSignal(target: string): Promise<number | undefined> {
  const headers = {
    'content-type': 'application/json',
    'webhook-id': 'sig_forged',
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
  };
  return fetch(target, { method: 'POST', headers, body: '{}' }).then(
    ({ status }) => status,
    () => undefined,
  );
}

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
