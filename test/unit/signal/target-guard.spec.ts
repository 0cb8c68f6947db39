import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TargetGuard } from '../../../src/producer/signal/target-guard.js';

const guard = new TargetGuard({ allowedPorts: [443, 8443] });
const verdict = (url: string) => {
  const answer = guard.checkUrl(url);
  return answer.ok ? answer.url : answer.reason;
};

describe('the text of a target', () => {
  it.each([
    ['HTTPS://Hooks.Example.COM', 'https://hooks.example.com/'],
    ['https://hooks.example.com:443/a/../b?c=d%20e', 'https://hooks.example.com/b?c=d%20e'],
    ['https://bücher.example.com/ä', 'https://xn--bcher-kva.example.com/%C3%A4'],
    ['https://my_host.example.com/', 'https://my_host.example.com/'],
    ['https://hooks.test/', 'https://hooks.test/'],
    ['https://hooks.example/', 'https://hooks.example/'],
    ['https://localhost.example.com/', 'https://localhost.example.com/'],
  ])('%s is stored as %s', (url, stored) => {
    expect(verdict(url)).toBe(stored);
    expect(verdict(stored)).toBe(stored);
  });

  it.each([
    ['', 'unparseable'],
    ['hooks.example.com', 'unparseable'],
    ['https://', 'unparseable'],
    ['https:hooks.example.com', 'raw_form'],
    ['https://hooks.example.com/a b', 'raw_form'],
    ['https://hooks.example.com/\u00a0', 'raw_form'],
    ['https://hooks.\u200bexample.com/', 'raw_form'],
    ['https://hooks.exam\u00adple.com/', 'raw_form'],
    ['https://hooks.example.com/\u202egpj', 'raw_form'],
    ['https://hooks.example.com/\ud800', 'raw_form'],
    ['https://hooks.example.com\n', 'raw_form'],
    ['https://@hooks.example.com/', 'userinfo'],
    ['https://:@hooks.example.com/', 'userinfo'],
    ['https://hooks.example.com/#', 'fragment'],
    ['https://hooks.example.com./', 'host_syntax'],
    ['https://.example.com/', 'host_syntax'],
    [`https://${'a'.repeat(64)}.example.com/`, 'host_syntax'],
    [`https://${'a.'.repeat(126)}example.com/`, 'host_syntax'],
    ['https://svc.cluster.local/', 'special_name'],
    ['https://metadata.google.internal/', 'special_name'],
    ['https://router.home.arpa/', 'special_name'],
    ['https://abc.onion/', 'special_name'],
    ['https://nas.lan/', 'special_name'],
    ['https://x.invalid/', 'special_name'],
    ['http://hooks.example.com/', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['https://hooks.example.com:80/', 'port'],
    ['https://hooks.example.com:0/', 'port'],
    ['https://[::ffff:10.0.0.1]/', 'address'],
  ])('%j is refused: %s', (url, reason) => {
    expect(verdict(url)).toBe(reason);
  });

  it('is 2,048 bytes at most, as it is given and as it is stored', () => {
    const ofLength = (length: number, letter = 'a'): string => {
      const start = 'https://hooks.example.com/';
      return start + letter.repeat(length - start.length);
    };
    expect(verdict(ofLength(2_048))).toBe(ofLength(2_048));
    expect(verdict(ofLength(2_049))).toBe('too_long');
    expect(verdict(ofLength(1_000, 'ü'))).toBe('too_long');
  });

  it('never makes the guard throw anything but a refusal, and what is admitted is sound', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'https://',
        'http:',
        '//',
        '@',
        ':',
        '#',
        '?',
        '%',
        '[',
        ']',
        '.',
        '127.0.0.1',
        'a.com',
        '::1',
        '\\',
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const answer = guard.checkUrl(parts.join(''));
        if (!answer.ok) return;
        const { protocol, username, password, hash, port } = new URL(answer.url);
        expect({ protocol, username, password, hash }).toEqual({
          protocol: 'https:',
          username: '',
          password: '',
          hash: '',
        });
        expect(['', '8443']).toContain(port);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('with an allow-list', () => {
  const lenient = new TargetGuard({ allow: ['127.0.0.0/8', '::1/128'] });

  it.each(['http://127.0.0.1:3000/hook', 'http://127.1/', 'http://[::1]:8080/', 'http://hooks.example.com:8080/'])(
    '%s may be registered',
    (url) => {
      expect(lenient.checkUrl(url).ok).toBe(true);
    },
  );

  it('localhost stays refused, and the message says what to use', () => {
    const answer = lenient.checkUrl('http://localhost:3000/');
    expect(answer).toMatchObject({ ok: false, reason: 'special_name' });
    expect(answer).toHaveProperty('message', expect.stringContaining('127.0.0.1'));
  });

  it.each([
    ['http://10.0.0.1/', 'address'],
    ['http://8.8.8.8/', 'scheme'],
    ['https://8.8.8.8:22/', 'port'],
    ['http://127.0.0.1:0/', 'port'],
  ])('%s is refused all the same: %s', (url, reason) => {
    expect(lenient.checkUrl(url)).toMatchObject({ reason });
  });
});

describe('resolving', () => {
  const destination = { hostname: 'hooks.example.com', port: 443, secure: true };
  const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

  it('one family is enough when the other fails', async () => {
    const resolver = { resolve4: failing('ESERVFAIL'), resolve6: () => Promise.resolve(['2606:2800::1']) };
    expect(await new TargetGuard({ resolver }).resolve(destination)).toEqual([{ address: '2606:2800::1', family: 6 }]);
  });

  it('an address is judged too, though nothing is resolved', async () => {
    const at = (hostname: string) => new TargetGuard().resolve({ ...destination, hostname });
    expect(await at('8.8.8.8')).toEqual([{ address: '8.8.8.8', family: 4 }]);
    for (const hostname of ['127.0.0.1', '::1', '::ffff:a00:1', '169.254.169.254']) {
      await expect(at(hostname)).rejects.toMatchObject({ code: 'target_refused', reason: 'address' });
    }
  });

  it('a name that does not exist is a DNS error, no refusal', async () => {
    const resolver = { resolve4: failing('ENOTFOUND'), resolve6: failing('ENOTFOUND') };
    await expect(new TargetGuard({ resolver }).resolve(destination)).rejects.toMatchObject({ code: 'dns_failed' });
    await expect(new TargetGuard({ resolver }).admit('https://hooks.example.com')).resolves.toEqual({
      url: 'https://hooks.example.com/',
    });
  });
});
