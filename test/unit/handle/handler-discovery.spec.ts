import { describe, expect, it } from '@jest/globals';
import { Injectable, Scope, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { HandleEvent, HandleOtherEvents } from '../../../src/receiver/handle/decorators.js';
import { HandlerDiscovery } from '../../../src/receiver/handle/handler-discovery.js';
import type { HandlerContext, ReceivedEvent } from '../../../src/receiver/handle/received-event.js';

const event = { id: 'evt_1', type: 'invoice.paid' } as unknown as ReceivedEvent;
const context = { attempt: 1 } as HandlerContext;

@Injectable()
class Invoices {
  readonly seen: unknown[] = [];

  @HandleEvent('invoice.paid')
  onPaid(received: ReceivedEvent<{ cents: number }>, { attempt }: HandlerContext): void {
    this.seen.push([received.id, attempt]);
  }

  @HandleEvent('invoice.*', { producer: 'billing', transaction: false })
  onAny(): void {
    this.seen.push('any');
  }
}

@Injectable()
class Rest {
  @HandleOtherEvents()
  onOther(): void {}
}

async function discovery(...providers: Provider[]): Promise<HandlerDiscovery> {
  const module = await Test.createTestingModule({
    imports: [DiscoveryModule],
    providers: [HandlerDiscovery, ...providers],
  }).compile();
  return module.get(HandlerDiscovery);
}

describe('handlers', () => {
  it('are found on providers, and called on the instance that was injected', async () => {
    const invoices = new Invoices();
    const found = await discovery({ provide: Invoices, useValue: invoices }, Rest);
    await found.registryOf('default').handlerOf('invoice.paid').run(event, context);
    expect(invoices.seen).toEqual([['evt_1', 1]]);
  });

  it('that name a producer handle the events of that one only', async () => {
    const found = await discovery(Invoices, Rest);
    expect(found.registryOf('default').handlerOf('invoice.voided').name).toBe('Rest.onOther');
    expect(found.registryOf('billing').handlerOf('invoice.voided')).toMatchObject({
      name: 'Invoices.onAny',
      transaction: false,
    });
  });

  it('of one instance under two tokens are no duplicates', async () => {
    const found = await discovery(Invoices, Rest, { provide: 'ALIAS', useExisting: Invoices });
    expect(found.registryOf('default').handlerOf('invoice.paid').name).toBe('Invoices.onPaid');
  });

  it('of two instances are duplicates', async () => {
    const found = await discovery(Invoices, Rest, { provide: 'SECOND', useClass: Rest });
    expect(() => found.registryOf('default')).toThrow(/both @HandleOtherEvents/);
  });

  it('that a subclass inherits are found', async () => {
    @Injectable()
    class Special extends Invoices {}
    const found = await discovery(Special, Rest);
    expect(found.registryOf('default').handlerOf('invoice.paid').name).toBe('Special.onPaid');
  });

  it('in a request-scoped provider stop the start', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      @HandleEvent('a.b')
      onEvent(): void {}
    }
    const found = await discovery(PerRequest, Rest);
    expect(() => found.registryOf('default')).toThrow(/PerRequest\.onEvent is in a request-scoped provider/);
  });
});
