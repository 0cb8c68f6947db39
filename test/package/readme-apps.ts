import { until } from '../support/until.js';
import { codeBlock, readDocument } from './documents.js';
import { freePort, type Program, type ReadmeProject } from './readme-project.js';

const readme = readDocument('README.md');
const JSON_TYPE = { 'content-type': 'application/json' };

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

/** The call that the README names, if it does. */
const creation = (module: string) => new RegExp(`NestFactory\\.create\\(${module}\\b.*?\\)`).exec(readme)?.[0];

/** Gives the receiver what an operator would. */
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
const app = await ${creation('BooksModule') ?? 'NestFactory.create(BooksModule)'};
await app.listen(Number(process.env['PORT']), '127.0.0.1');
process.on('message', () => {
  void app.get(DataSource).getRepository(Payment).find().then((payments) => process.send?.({ payments }));
});`;

/** The README's producer, in an application of its own. */
export const PRODUCER_FILES = {
  'producer.ts': codeBlock(readme, 'producer'),
  'invoice.entity.ts': INVOICE,
  'producer-main.ts': PRODUCER_MAIN,
};

/** The README's receiver, in an application of its own. */
export const RECEIVER_FILES = {
  'receiver.ts': codeBlock(readme, 'receiver'),
  'payment.entity.ts': PAYMENT,
  'receiver-main.ts': RECEIVER_MAIN,
};

/** An empty Nest application, and what the README says must be installed for an entry of the package. */
export function nestPackages(entry: string): string[] {
  const row = readme.split('\n').find((line) => line.startsWith(`| \`${entry}\` `));
  const command = /`npm install ([^`]+)`/.exec(row ?? '')?.[1];
  if (command === undefined) throw new Error(`The README does not say what to install for ${entry}`);
  return [...new Set(['@nestjs/platform-express', ...command.split(' ')])];
}

/** Starts both, has the producer take an invoice for each amount, and answers what the receiver has booked once the last one is there. */
export async function payments(
  producerApp: ReadmeProject,
  receiverApp: ReadmeProject,
  amounts: readonly number[],
): Promise<{ invoice: string; cents: number }[]> {
  const port = await freePort();
  const target = `http://127.0.0.1:${port}/signals`;
  const producer = producerApp.start('producer-main.js', {
    RECEIVER: target,
    SIGNPOST_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  });
  const { url, apiKey, secret } = await firstMessage(producer);
  const receiver = receiverApp.start('receiver-main.js', {
    PORT: String(port),
    SIGNPOST_URL: url,
    SIGNPOST_API_KEY: apiKey,
    SIGNPOST_SIGNING_SECRET: secret,
  });
  const explained = (error: Error) => {
    throw new Error(`${error.message}\n${producer.output()}\n${receiver.output()}`);
  };
  await until(() => forgedSignal(target).then((status) => status === 401), 'the receiver listens').catch(explained);

  let booked: { invoice: string; cents: number }[] = [];
  receiver.process.on('message', (message: { payments: typeof booked }) => (booked = message.payments));
  for (const cents of amounts) {
    const body = JSON.stringify({ cents });
    const { status } = await fetch(`${url}/invoices`, { method: 'POST', headers: JSON_TYPE, body });
    if (status !== 201) throw new Error(`The invoice was answered with ${status}`);
    const arrived = () => {
      receiver.process.send({ show: 'payments' });
      return booked.some((payment) => payment.cents === cents);
    };
    await until(arrived, `the receiver has ${cents}`).catch(explained);
  }
  return booked;
}

function firstMessage({ process, output }: Program): Promise<{ url: string; apiKey: string; secret: string }> {
  return new Promise((resolve, reject) => {
    process.once('message', resolve as (message: unknown) => void);
    process.once('exit', () => reject(new Error(`The producer ended:\n${output()}`)));
  });
}

async function forgedSignal(target: string): Promise<number | undefined> {
  const headers = {
    ...JSON_TYPE,
    'webhook-id': 'sig_forged',
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
  };
  return fetch(target, { method: 'POST', headers, body: '{}' }).then(
    ({ status }) => status,
    () => undefined,
  );
}
