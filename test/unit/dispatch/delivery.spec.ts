import { describe, expect, it } from '@jest/globals';
import { Delivery } from '../../../src/producer/dispatch/delivery.js';
import type { ClaimedSignal, SignalKind } from '../../../src/producer/dispatch/dispatch-store.js';
import type { SignalRequest } from '../../../src/producer/signal/signal-sender.js';
import { IdGenerator } from '../../../src/protocol/ids.js';

const ids = new IdGenerator();

function aClaim(kind: SignalKind, urlVersion: number): ClaimedSignal {
  return {
    endpoint: ids.next('ep'),
    token: 1,
    version: 7,
    urlVersion,
    signal: ids.next('sig'),
    kind,
    attempt: 1,
    body: '{}',
    traceparent: null,
    challenge: kind === 'verification' ? 'repeat me' : null,
    first: null,
    last: null,
    count: 0,
  };
}

/** Delivers one claim while the endpoint's URL is the one that came with version 5. */
async function deliver(claim: ClaimedSignal) {
  const sent: SignalRequest[] = [];
  const target = { url: 'https://example.com/5', urlVersion: 5, signature: 'standard' as const, secrets: [] };
  const directory = { targets: () => Promise.resolve(new Map([[claim.endpoint, target]])) };
  const transport = {
    send: (request: SignalRequest) => {
      sent.push(request);
      return Promise.resolve({
        outcome: 'acknowledged' as const,
        status: 200,
        latencyMs: 1,
        category: null,
        retryAfterMs: null,
      });
    },
  };
  const [settlement] = await new Delivery(directory, transport, () => 1_000).deliver(
    [claim],
    new AbortController().signal,
  );
  return { sent, settlement: await settlement };
}

describe('a claim', () => {
  it.each<SignalKind>(['events', 'reminder', 'notice', 'test', 'verification'])(
    'of kind %s is sent to the URL that it was made for, and given back unsent when that was replaced',
    async (kind) => {
      const right = await deliver(aClaim(kind, 5));
      expect(right.sent).toMatchObject([{ url: 'https://example.com/5' }]);
      expect(right.settlement).toMatchObject({ outcome: 'acknowledged' });
      const former = await deliver(aClaim(kind, 4));
      expect(former.sent).toEqual([]);
      expect(former.settlement).toMatchObject({ outcome: 'released', category: null });
    },
  );

  it('takes its challenge along, and other claims have none', async () => {
    expect((await deliver(aClaim('verification', 5))).sent).toMatchObject([{ challenge: 'repeat me' }]);
    expect((await deliver(aClaim('events', 5))).sent).toMatchObject([{ challenge: undefined }]);
  });
});
