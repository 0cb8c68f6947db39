import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { CredentialsService, EndpointsService, ReceiversService } from 'nestjs-signpost';
import { handedOver, handOver } from '../hand-over.js';
import { SiteModule } from './site.module.js';

const { DATA = './data/lead-form-to-crm', HOST = '127.0.0.1', SITE_PORT = '3100', CRM_PORT = '3200' } = process.env;
const { HAND_OVER = join(DATA, 'hand-over.json') } = process.env;

mkdirSync(DATA, { recursive: true });
const app = await NestFactory.create(SiteModule.with(join(DATA, 'site.db'), masterKey(join(DATA, 'master.key'))), {
  rawBody: true,
  logger: ['warn', 'error', 'fatal'],
});
app.enableShutdownHooks();
await app.listen(Number(SITE_PORT), HOST);
await introduceCrm();
console.log(`The lead form is at ${await app.getUrl()}`);
process.send?.({ url: await app.getUrl() });

/** What an operator does once, over the admin API: who may read, with which key, and where signals go. */
async function introduceCrm(): Promise<void> {
  if (handedOver(HAND_OVER)) return;
  const receiver = await app.get(ReceiversService).create({ name: 'CRM', eventTypes: ['lead.*'] });
  const { apiKey } = await app.get(CredentialsService).create(receiver.id, { name: 'CRM' });
  const { secret } = await app.get(EndpointsService).create(receiver.id, {
    url: `http://127.0.0.1:${CRM_PORT}/signals`,
    eventTypes: ['lead.created'],
  });
  handOver(HAND_OVER, { apiKey, signingSecret: secret });
}

/** Seals secrets at rest; made once. */
function masterKey(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}
