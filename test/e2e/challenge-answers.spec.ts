import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { type SignalId } from '../../src/protocol/ids.js';
import { generateSecret, prepareSecret } from '../../src/protocol/secrets.js';
import { newChallenge } from '../../src/producer/signal/challenge.js';
import { SignalSender } from '../../src/producer/signal/signal-sender.js';
import { TargetGuard } from '../../src/producer/signal/target-guard.js';
import { readBody, startReceiver, type TestReceiver } from '../support/signal-loopback.js';

const ID = 'sig_01h2xcejqtf2nbrexx3vqjhp41' as SignalId;
const secrets = [{ key: prepareSecret(generateSecret()), expiresAt: null }];
/** What the answer's body is read to. */
const MOST = 4_096;
const TEN_MIB = Buffer.alloc(10 * 1_024 * 1_024, 'x');

type Answer = (response: ServerResponse, challenge: string, request: string) => void;

let sender: SignalSender;
let receiver: TestReceiver;
let answer: Answer;
let seen: string[];

beforeAll(async () => {
  const guard = new TargetGuard({ allow: ['127.0.0.0/8'] });
  sender = new SignalSender({ guard, version: '1.2.3', totalTimeoutMs: 600, headersTimeoutMs: 300 });
  receiver = await startReceiver((request: IncomingMessage, response) => {
    void readBody(request).then((body) => {
      seen.push(String(request.url));
      const { challenge } = (JSON.parse(body.toString()) as { data: { challenge: string } }).data;
      answer(response, challenge, body.toString());
    });
  });
});
afterAll(async () => {
  await sender.close();
  await receiver.close();
});

const json =
  (body: (challenge: string) => unknown, type = 'application/json', status = 200): Answer =>
  (response, challenge) => {
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body(challenge)));
  };
const padded = (challenge: string, bytes: number) => {
  const around = JSON.stringify({ challenge, padding: '' }).length;
  return { challenge, padding: 'x'.repeat(bytes - around) };
};

async function ask(by: Answer, challenge = newChallenge()) {
  answer = by;
  seen = [];
  const body = JSON.stringify({ type: 'endpoint.verification', data: { challenge } });
  return sender.send({ url: receiver.url, id: ID, body, secrets, challenge });
}

const RIGHT: Record<string, Answer> = {
  'with 200': json((challenge) => ({ challenge })),
  'with 202, a charset and members of its own': json(
    (challenge) => ({ ok: true, challenge }),
    'application/json; charset=utf-8',
    202,
  ),
  'with as many bytes as are read': json((challenge) => padded(challenge, MOST)),
  'in pieces': (response, challenge) => {
    const text = JSON.stringify({ challenge });
    response.writeHead(200, { 'content-type': 'application/json' }).write(text.slice(0, 9));
    setImmediate(() => response.end(text.slice(9)));
  },
};

const WRONG: Record<string, Answer> = {
  'nothing, with 204': (response) => response.writeHead(204).end(),
  'nothing, as JSON': (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(),
  'another challenge': json(() => ({ challenge: newChallenge() })),
  'the challenge in capitals': json((challenge) => ({ challenge: challenge.toUpperCase() })),
  'a part of it': json((challenge) => ({ challenge: challenge.slice(0, -1) })),
  'the challenge among others': json((challenge) => ({ challenge: [challenge] })),
  'the challenge alone': json((challenge) => challenge),
  null: json(() => null),
  'the request, as it came': (response, _, request) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(request),
  'half a JSON text': (response, challenge) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"challenge":"${challenge}"`),
  'a page with the challenge on it': (response, challenge) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>{"challenge":"${challenge}"}</p>`),
  'the right text under another content type': json((challenge) => ({ challenge }), 'text/plain'),
  'the right text under none': (response, challenge) => response.writeHead(200).end(JSON.stringify({ challenge })),
  'the right text, compressed': (response, challenge) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end(gzipSync(JSON.stringify({ challenge }))),
  'the right text, said to be compressed': (response, challenge) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'br' })
      .end(JSON.stringify({ challenge })),
  'one byte more than is read': json((challenge) => padded(challenge, MOST + 1)),
  '10 MiB, the challenge in them': (response, challenge) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write(`{"challenge":"${challenge}","padding":"`);
    response.end(TEN_MIB);
  },
};

describe('a challenge is met', () => {
  it.each(Object.entries(RIGHT))('when it is repeated %s', async (_, by) => {
    expect(await ask(by)).toMatchObject({ outcome: 'acknowledged', category: null });
  });
});

describe('a challenge is not met', () => {
  it.each(Object.entries(WRONG))('by %s', async (_, by) => {
    const result = await ask(by);
    expect(result).toMatchObject({ outcome: 'failed', category: 'challenge_failed' });
    expect(result.status).toBeGreaterThanOrEqual(200);
    expect(Object.keys(result).sort()).toEqual(['category', 'latencyMs', 'outcome', 'retryAfterMs', 'status']);
  });

  it('by the answer to an earlier one', async () => {
    const earlier = newChallenge();
    expect(
      await ask(
        json(() => ({ challenge: earlier })),
        earlier,
      ),
    ).toMatchObject({ outcome: 'acknowledged' });
    expect(await ask(json(() => ({ challenge: earlier })))).toMatchObject({ category: 'challenge_failed' });
  });

  it('by a redirect, which is not followed, whatever its body says', async () => {
    const result = await ask((response, challenge) => {
      const headers = { location: '/elsewhere', 'content-type': 'application/json' };
      response.writeHead(307, headers).end(JSON.stringify({ challenge }));
    });
    expect(result).toMatchObject({ outcome: 'failed', status: 307, category: 'http_redirect' });
    expect(seen).toEqual(['/hook']);
  });

  it('by a 4xx that repeats it', async () => {
    const result = await ask(json((challenge) => ({ challenge }), 'application/json', 404));
    expect(result).toMatchObject({ outcome: 'failed', status: 404, category: 'http_client_error' });
  });

  it('by an answer that drips, which holds its slot for the attempt’s time and no longer', async () => {
    const result = await ask((response, challenge) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write(`{"challenge":"${challenge}"`);
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    });
    expect(result).toMatchObject({ outcome: 'failed', category: 'timeout' });
  });

  it('by an answer that is cut off', async () => {
    const result = await ask((response, challenge) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write(JSON.stringify({ challenge }), () => response.destroy());
    });
    expect(result).toMatchObject({ outcome: 'failed', category: 'connect_reset' });
  });
});

describe('an answer to any other signal', () => {
  it('is told by its status alone: nothing waits for its body', async () => {
    const held: ServerResponse[] = [];
    answer = (response) => {
      held.push(response);
      response.writeHead(200, { 'content-type': 'application/json' }).write('{');
    };
    const body = JSON.stringify({ type: 'events.available', data: {} });
    const result = await sender.send({ url: receiver.url, id: ID, body, secrets });
    expect(result).toMatchObject({ outcome: 'acknowledged', status: 200 });
    for (const response of held) response.end();
  });
});
