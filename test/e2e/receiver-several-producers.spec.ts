import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  getInboxToken,
  getReceiverToken,
  HandleEvent,
  HandleOtherEvents,
  type InboxService,
  type ReceivedEvent,
  type SignpostReceiver,
  SignpostReceiverModule,
} from '../../src/receiver/index.js';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { signTestSignal } from '../../src/testing/test-signal.js';
import { closeApp } from '../support/close-app.js';
import { until } from '../support/until.js';

const secrets = {
  billing: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  shop: `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
};
const seen: [handler: string, producer: string, type: string][] = [];

@Injectable()
class Handlers {
  @HandleEvent('order.placed', { producer: 'shop' })
  onOrder({ producer, type }: ReceivedEvent): void {
    seen.push(['order of the shop', producer, type]);
  }

  @HandleOtherEvents()
  onOther({ producer, type }: ReceivedEvent): void {
    seen.push(['other', producer, type]);
  }
}

describe('two producers in one application', () => {
  let billing: FakeProducer;
  let shop: FakeProducer;
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    [billing, shop] = await Promise.all([FakeProducer.start(), FakeProducer.start({ apiKey: 'sp_other' })]);
    const receiving = (name: 'billing' | 'shop', { url: of, apiKey }: FakeProducer) =>
      SignpostReceiverModule.forRoot({
        name,
        path: `signals/${name}`,
        producer: { url: of, apiKey },
        signing: { secret: secrets[name] },
        drain: { intervalMs: 3_600_000 },
      });
    @Module({
      imports: [
        TypeOrmModule.forRoot({ type: 'better-sqlite3', database: ':memory:', autoLoadEntities: true }),
        receiving('billing', billing),
        receiving('shop', shop),
      ],
      providers: [Handlers],
    })
    class Host {}
    app = await NestFactory.create(Host, { logger: false });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    billing.signalTo(`${url}/signals/billing`, { secret: secrets.billing });
    shop.signalTo(`${url}/signals/shop`, { secret: secrets.shop });
  });
  afterAll(async () => {
    await closeApp(app);
    await billing.close();
    await shop.close();
  });

  it('have their events handled by whoever is meant for them', async () => {
    await shop.publish({ type: 'order.placed' });
    await billing.publish({ type: 'order.placed' });
    await until(() => seen.length === 2, 'both events');
    expect(seen.toSorted()).toEqual([
      ['order of the shop', 'shop', 'order.placed'],
      ['other', 'billing', 'order.placed'],
    ]);
  });

  it('have an inbox and a place in the feed each', async () => {
    const inbox = (name: string) => app.get<InboxService>(getInboxToken(name), { strict: false });
    const receiver = (name: string) => app.get<SignpostReceiver>(getReceiverToken(name), { strict: false });
    await billing.publish({ type: 'invoice.paid' });
    await until(async () => (await inbox('billing').counts()).done === 2, 'the invoice');
    expect((await inbox('shop').counts()).done).toBe(1);
    expect((await receiver('shop').status()).feed.state).toBe('ok');
  });

  it('cannot signal for each other', async () => {
    const { headers, body } = signTestSignal({ events: [{ type: 'a.b' }] }, { secret: secrets.shop });
    const send = async (name: string) =>
      (await fetch(`${url}/signals/${name}`, { method: 'POST', headers, body })).status;
    expect([await send('shop'), await send('billing')]).toEqual([202, 401]);
  });
});
