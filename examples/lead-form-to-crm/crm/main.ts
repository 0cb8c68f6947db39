import 'reflect-metadata';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { handedOver } from '../hand-over.js';
import { CrmModule } from './crm.module.js';

const { DATA = './data/lead-form-to-crm', HOST = '127.0.0.1', SITE_PORT = '3100', CRM_PORT = '3200' } = process.env;
const { HAND_OVER = join(DATA, 'hand-over.json'), SITE_URL = `http://127.0.0.1:${SITE_PORT}` } = process.env;

const access = handedOver(HAND_OVER);
if (!access) throw new Error(`There is no ${HAND_OVER}: start the site first, it hands the API key over`);

// Pages keep their stream open; it must not keep the process from ending.
const adapter = new FastifyAdapter({ forceCloseConnections: true });
const app = await NestFactory.create<NestFastifyApplication>(
  CrmModule.with(join(DATA, 'crm.db'), SITE_URL, access),
  adapter,
  { rawBody: true, logger: ['warn', 'error', 'fatal'] },
);
app.enableShutdownHooks();
await app.listen(Number(CRM_PORT), HOST);
console.log(`The contacts are at ${await app.getUrl()}`);
process.send?.({ url: await app.getUrl() });
