import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { type SignatureError, type SignatureErrorCode } from '../../../src/protocol/signature-error.js';
import { readSignatureHeaders, type SignatureHeaders } from '../../../src/protocol/signature-headers.js';

const NAMES = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
const plain = { 'webhook-id': 'sig_1', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,abc v1,def' };
const read = { id: 'sig_1', timestamp: '1614265330', signature: 'v1,abc v1,def' };

function outcome(headers: SignatureHeaders): SignatureErrorCode | 'read' {
  try {
    readSignatureHeaders(headers);
    return 'read';
  } catch (error) {
    return (error as SignatureError).code;
  }
}

/** What a Node server makes of a request with these headers, sent as they are. */
async function received(headers: readonly string[]): Promise<IncomingMessage> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise((resolve, reject) => {
      server.once('request', (incoming, answer) => {
        answer.end();
        resolve(incoming);
      });
      const { port } = server.address() as AddressInfo;
      const outgoing = request({ port, host: '127.0.0.1', headers: ['host', 'localhost', ...headers], agent: false });
      outgoing.once('error', reject).end();
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('the headers of a signed request', () => {
  it('are read from a plain record, whatever the case of its names', () => {
    expect(readSignatureHeaders(plain)).toEqual(read);
    const capitals = Object.fromEntries(Object.entries(plain).map(([name, value]) => [name.toUpperCase(), value]));
    expect(readSignatureHeaders(capitals)).toEqual(read);
  });

  it('are read from a record of lists, such as headersDistinct', () => {
    const lists = Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, [value]]));
    expect(readSignatureHeaders(lists)).toEqual(read);
    expect(readSignatureHeaders({ headersDistinct: lists })).toEqual(read);
  });

  it('are read from Fetch headers', () => {
    expect(readSignatureHeaders(new Headers(plain))).toEqual(read);
  });

  it('are read from a Node request', async () => {
    const incoming = await received(Object.entries(plain).flat());
    expect(readSignatureHeaders(incoming)).toEqual(read);
    expect(readSignatureHeaders(incoming.headers)).toEqual(read);
    expect(readSignatureHeaders(incoming.headersDistinct)).toEqual(read);
  });

  it.each(NAMES)('are refused when %s came twice, in every form in which that can be seen', async (name) => {
    const twice = [...Object.entries(plain), [name, plain[name]]].flat() as string[];
    const incoming = await received(twice);
    const fetched = new Headers(plain);
    fetched.append(name, plain[name]);
    const forms: SignatureHeaders[] = [
      incoming,
      incoming.headers,
      incoming.headersDistinct,
      fetched,
      { ...plain, [name]: [plain[name], plain[name]] },
      { ...plain, [name.toUpperCase()]: plain[name] },
      { ...plain, [name]: `${plain[name]}, ${plain[name]}` },
    ];
    expect(forms.map(outcome)).toEqual(forms.map(() => 'repeated_header'));
  });

  it.each(NAMES)('are refused when %s is missing', async (name) => {
    const rest: Record<string, string> = Object.fromEntries(Object.entries(plain).filter(([key]) => key !== name));
    const forms: SignatureHeaders[] = [
      await received(Object.entries(rest).flat()),
      new Headers(rest),
      rest,
      { ...rest, [name]: undefined },
      { ...rest, [name]: [] },
      { ...rest, [name]: '' },
    ];
    expect(forms.map(outcome)).toEqual(forms.map(() => 'missing_header'));
  });

  it('are not taken from a prototype', () => {
    expect(outcome(Object.create(plain) as SignatureHeaders)).toBe('missing_header');
  });
});
