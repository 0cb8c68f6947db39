import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { type SignalId } from '../../src/protocol/ids.js';
import { generateSecret, prepareSecret } from '../../src/protocol/secrets.js';
import type { Resolver } from '../../src/producer/signal/name-resolution.js';
import { type Dial, SignalSender } from '../../src/producer/signal/signal-sender.js';
import { TargetGuard, type TargetGuardOptions } from '../../src/producer/signal/target-guard.js';
import type { TargetRefusalReason } from '../../src/producer/signal/target-refused-error.js';
import { startReceiver, type TestReceiver } from '../support/signal-loopback.js';
import { until } from '../support/until.js';

interface UrlRow {
  n: number;
  url: string;
  host?: string;
  expect: 'reject' | 'allow' | 'allow-if-dns-public';
  at: string;
  why: string;
}
interface DnsRow {
  n: string;
  host: string;
  answer: string;
  expect: string;
}
const vectors = JSON.parse(readFileSync(new URL('../support/vectors/ssrf-targets.json', import.meta.url), 'utf8')) as {
  urls: UrlRow[];
  dns: DnsRow[];
};

const PUBLIC_ADDRESS = '93.184.215.14';
const secrets = [{ key: prepareSecret(generateSecret()), expiresAt: null }];
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  jest.useRealTimers();
  for (const part of open.splice(0)) await part.close();
});

/** Answers with these addresses for any name. */
function answering(...addresses: string[]): Resolver {
  return {
    resolve4: () => Promise.resolve(addresses.filter((address) => !address.includes(':'))),
    resolve6: () => Promise.resolve(addresses.filter((address) => address.includes(':'))),
  };
}

/** Writes down what is dialled, and connects to nothing. */
function deadDial() {
  const dialled: string[] = [];
  const dial: Dial = ({ host, port }) => {
    dialled.push(`${host} ${port}`);
    const socket = new Socket();
    process.nextTick(() => socket.destroy(Object.assign(new Error('dead'), { code: 'ECONNREFUSED' })));
    return socket;
  };
  return { dial, dialled };
}

function senderFor(guardOptions: TargetGuardOptions, dial: Dial): SignalSender {
  const sender = new SignalSender({ guard: new TargetGuard(guardOptions), version: '0.0.0', dial });
  open.push(sender);
  return sender;
}

function signal(url: string) {
  return { url, id: 'sig_01h2xcejqtf2nbrexx3vqjhp41' as SignalId, body: '{}', secrets };
}

const REASON_AT: Record<string, TargetRefusalReason> = {
  ip: 'address',
  name: 'special_name',
  'host-syntax': 'host_syntax',
  parse: 'unparseable',
  authority: 'userinfo',
  fragment: 'fragment',
  'raw-form': 'raw_form',
  scheme: 'scheme',
  port: 'port',
};

/** What the fake DNS says of a row's host. */
function resolverOf(row: UrlRow): Resolver {
  return row.at === 'connect-lookup' && row.expect === 'reject' ? answering('127.0.0.1') : answering(PUBLIC_ADDRESS);
}

describe.each([true, false])('the URLs of the SSRF data, with httpsOnly %s', (httpsOnly) => {
  // Otherwise the scheme check would hide a broken address check.
  const form = ({ url }: UrlRow): string => (httpsOnly ? url.replace('http:', 'https:') : url);
  const rejected = vectors.urls.filter((row) => row.expect === 'reject');
  const allowed = vectors.urls.filter((row) => row.expect !== 'reject');

  it.each(rejected)('$url ($why) is never dialled', async (row) => {
    const { dial, dialled } = deadDial();
    const options = { httpsOnly, resolver: resolverOf(row) };
    const guard = new TargetGuard(options);

    const reason = REASON_AT[row.at];
    expect(guard.checkUrl(form(row))).toMatchObject(reason ? { ok: false, reason } : { ok: true });
    await expect(guard.admit(form(row))).rejects.toMatchObject({ code: 'target_refused' });
    const result = await senderFor(options, dial).send(signal(form(row)));

    expect(result).toMatchObject({ outcome: 'failed', category: 'target_refused', status: null });
    expect(dialled).toEqual([]);
  });

  it.each(allowed)('$url may be signalled, at the address that was checked', async (row) => {
    const { dial, dialled } = deadDial();
    const options = { httpsOnly, resolver: resolverOf(row) };
    const url = new URL(form(row));

    await expect(new TargetGuard(options).admit(form(row))).resolves.toEqual({ url: url.href });
    const result = await senderFor(options, dial).send(signal(form(row)));

    expect(url.hostname).toBe(row.host);
    expect(result.category).toBe('connect_refused');
    const literal = /^[\d.]+$|^\[/.test(url.hostname) ? url.hostname.replace(/[[\]]/g, '') : PUBLIC_ADDRESS;
    expect(dialled).toEqual([`${literal} ${url.port || (url.protocol === 'https:' ? 443 : 80)}`]);
  });

  it('a refusal of an address tells what to do and not what the name resolved to', async () => {
    const guard = new TargetGuard({ httpsOnly, resolver: answering('10.11.12.13') });
    await expect(guard.admit('https://inside.test/')).rejects.toThrow(/SIGNPOST_ALLOW_TARGETS/);
    await expect(guard.admit('https://inside.test/')).rejects.not.toThrow(/10\.11/);
  });
});

describe('what stands in the data with a condition', () => {
  it('port 8443 is for public targets only while it is configured', () => {
    expect(new TargetGuard().checkUrl('https://example.com:8443/').ok).toBe(true);
    expect(new TargetGuard({ allowedPorts: [443] }).checkUrl('https://example.com:8443/')).toMatchObject({
      reason: 'port',
    });
  });
});

describe('the DNS answers of the SSRF data', () => {
  const addressesOf = ({ answer }: DnsRow): string[] =>
    answer.split(/[\s,]+/).filter((word) => /^[\d.]{7,}$/.test(word) || /^[0-9a-f]*:[0-9a-f:]+$/.test(word));
  const atOnce = vectors.dns.filter(({ n }) => n !== 'D10' && n !== 'D13');

  it.each(atOnce)('$n: $answer → $expect', async (row) => {
    const { dial, dialled } = deadDial();
    const addresses = addressesOf(row);
    const result = await senderFor({ resolver: answering(...addresses) }, dial).send(signal(`https://${row.host}/`));

    if (row.expect === 'allow') {
      expect(dialled).toEqual([`${addresses[0]} 443`]);
    } else {
      expect(dialled).toEqual([]);
      expect(result.category).toBe(addresses.length === 0 ? 'dns' : 'target_refused');
      expect(result.outcome).toBe('failed');
    }
  });

  it('every row with addresses was understood by this test', () => {
    expect(atOnce.filter((row) => addressesOf(row).length === 0).map(({ n }) => n)).toEqual(['D11']);
  });

  it('a bad address refuses all, in whatever place and family it stands', async () => {
    for (const addresses of [
      ['127.0.0.1', PUBLIC_ADDRESS],
      [PUBLIC_ADDRESS, '::1'],
      [PUBLIC_ADDRESS, '::ffff:10.0.0.1'],
      [PUBLIC_ADDRESS, 'fe80::1%eth0'],
    ]) {
      const { dial, dialled } = deadDial();
      const result = await senderFor({ resolver: answering(...addresses) }, dial).send(signal('https://mixed.test/'));
      expect([addresses, result.category, dialled]).toEqual([addresses, 'target_refused', []]);
    }
  });

  it('D10: a name that flips keeps its connection and gets no new one', async () => {
    const receiver = await accepting();
    const dialled: string[] = [];
    let answer = '127.0.0.1';
    const resolver: Resolver = { resolve4: () => Promise.resolve([answer]), resolve6: () => Promise.resolve([]) };
    const sender = senderFor({ allow: ['127.0.0.0/8'], resolver }, (target) => {
      dialled.push(target.host);
      return connect(target);
    });
    const request = signal(`http://flip-keepalive.test:${receiver.port}/`);

    expect((await sender.send(request)).outcome).toBe('acknowledged');
    answer = '10.0.0.1';
    expect((await sender.send(request)).outcome).toBe('acknowledged');
    expect(receiver.connections).toHaveLength(1);

    for (const socket of receiver.connections) socket.destroy();
    await until(async () => (await sender.send(request)).category === 'target_refused', 'the refusal');
    expect(dialled).toEqual(['127.0.0.1']);
  });

  it('D13: a name that nobody answers for fails within 5 s', async () => {
    jest.useFakeTimers();
    const silent: Resolver = {
      resolve4: () => new Promise(() => undefined),
      resolve6: () => new Promise(() => undefined),
    };
    let failure: unknown;
    new TargetGuard({ resolver: silent })
      .resolve({ hostname: 'slow.test', port: 443, secure: true })
      .catch((error: unknown) => (failure = error));

    await jest.advanceTimersByTimeAsync(4_999);
    expect(failure).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    expect(failure).toMatchObject({ code: 'dns_timeout' });
  });

  it('D13: other hosts are served meanwhile', async () => {
    const receiver = await accepting();
    const resolver: Resolver = {
      resolve4: (name) => (name === 'slow.test' ? new Promise(() => undefined) : Promise.resolve(['127.0.0.1'])),
      resolve6: () => Promise.resolve([]),
    };
    const sender = senderFor({ allow: ['127.0.0.0/8'], resolver, dnsTimeoutMs: 500 }, connect);
    let slowEnded = false;
    const slow = Array.from({ length: 8 }, () => sender.send(signal('https://slow.test/')));
    void Promise.race(slow).then(() => (slowEnded = true));

    expect((await sender.send(signal(`http://quick.test:${receiver.port}/`))).outcome).toBe('acknowledged');
    expect(slowEnded).toBe(false);
    expect(new Set((await Promise.all(slow)).map(({ category }) => category))).toEqual(new Set(['dns']));
  });

  it('a registration does not wait for DNS longer than a second, nor does it fail for it', async () => {
    jest.useFakeTimers();
    const silent: Resolver = {
      resolve4: () => new Promise(() => undefined),
      resolve6: () => new Promise(() => undefined),
    };
    let admitted: unknown;
    void new TargetGuard({ resolver: silent }).admit('https://Slow.test').then((value) => (admitted = value));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(admitted).toEqual({ url: 'https://slow.test/' });
  });
});

describe('the redirects of the SSRF data', () => {
  const rows: [string, number, Record<string, string>, object][] = [
    ['R1', 302, { location: 'http://169.254.169.254/' }, { outcome: 'failed', status: 302, category: 'http_redirect' }],
    ['R3', 308, { location: 'https://example.com/' }, { outcome: 'failed', status: 308, category: 'http_redirect' }],
    ['R5', 200, { refresh: '0; url=http://127.0.0.2/' }, { outcome: 'acknowledged', status: 200 }],
    ['R6', 200, { 'alt-svc': 'h2="127.0.0.2:443"; ma=86400' }, { outcome: 'acknowledged', status: 200 }],
  ];

  it.each(rows)('%s: %i %j leads nowhere else', async (_n, status, headers, verdict) => {
    const receiver = await accepting(status, headers);
    const dialled: string[] = [];
    const sender = senderFor({ allow: ['127.0.0.0/8'] }, (target) => {
      dialled.push(target.host);
      return connect(target);
    });
    expect(await sender.send(signal(receiver.url))).toMatchObject(verdict);
    expect(await sender.send(signal(receiver.url))).toMatchObject(verdict);
    expect(new Set(dialled)).toEqual(new Set(['127.0.0.1']));
  });
});

describe('at connect', () => {
  it('a socket that leads elsewhere than to the checked address gets no byte', async () => {
    const receiver = await accepting();
    const sender = senderFor({ allow: ['127.0.0.1/32'] }, ({ port }) => connect({ host: '127.0.0.2', port }));
    const result = await sender.send(signal(receiver.url));
    await until(() => receiver.connections[0]?.destroyed, 'the end of the connection');

    expect(result.category).toBe('target_refused');
    expect(receiver.connections[0]?.bytesRead).toBe(0);
  });

  it('an allow-list opens its blocks, over plain http and on any port, and nothing beside them', async () => {
    const receiver = await accepting();
    const sender = senderFor({ allow: ['127.0.0.1/32'], resolver: answering('127.0.0.2') }, connect);
    expect((await sender.send(signal(receiver.url))).outcome).toBe('acknowledged');
    expect((await sender.send(signal(`http://127.0.0.2:${receiver.port}/`))).category).toBe('target_refused');
    expect((await sender.send(signal(`http://beside.test:${receiver.port}/`))).category).toBe('target_refused');
    expect(receiver.connections).toHaveLength(1);
  });

  it('a name that leads to a public address keeps to https and to the ports, allow-list or not', async () => {
    const { dial, dialled } = deadDial();
    const sender = senderFor({ allow: ['127.0.0.0/8'], resolver: answering(PUBLIC_ADDRESS) }, dial);
    expect((await sender.send(signal('http://example.com/'))).category).toBe('target_refused');
    expect((await sender.send(signal('https://example.com:5432/'))).category).toBe('target_refused');
    expect(dialled).toEqual([]);
    expect((await sender.send(signal('https://example.com/'))).category).toBe('connect_refused');
    expect(dialled).toEqual([`${PUBLIC_ADDRESS} 443`]);
  });
});

async function accepting(status = 202, headers: Record<string, string> = {}): Promise<TestReceiver> {
  const receiver = await startReceiver((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(status, headers).end());
  });
  open.push(receiver);
  return receiver;
}
