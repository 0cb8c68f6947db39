import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { verifySignal } from '../../../src/receiver/client/verify-signal.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { signTestSignal } from '../../../src/testing/test-signal.js';

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

describe('a signal for tests', () => {
  it('is good for the client, and for a library that is not ours', () => {
    const { body, headers } = signTestSignal({ events: [{ type: 'invoice.paid' }] }, { secret });
    expect(verifySignal(body, headers, secret)).toMatchObject({ type: 'events.available' });
    expect(new Webhook(secret.replace('whsec_', '')).verify(body, headers)).toMatchObject({ type: 'events.available' });
  });

  it('keeps its id and is as old as its clock says', () => {
    const clock = new ManualClock();
    const signal = signTestSignal({ events: [{ type: 'a.b' }] }, { secret, id: 'sig_1', now: clock.now });
    expect(signal.headers['webhook-id']).toBe('sig_1');
    clock.advance(301_000);
    expect(() => verifySignal(signal.body, signal.headers, secret, { now: clock.now })).toThrow(/ago/);
  });

  it('can be any signal', () => {
    const test = {
      type: 'endpoint.test',
      timestamp: new Date().toISOString(),
      data: { endpoint: 'ep_01kaz8fp3wfj2taq4k3bv8s5ch' },
    };
    const { body, headers } = signTestSignal(test as Parameters<typeof signTestSignal>[0], { secret });
    expect(verifySignal(body, headers, secret).type).toBe('endpoint.test');
  });
});
