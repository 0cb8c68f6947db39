import { describe, expect, it } from '@jest/globals';
import { parseDuration, parseDurations } from '../../../src/service/duration.js';
import { readEnvironment } from '../../../src/service/environment.js';

describe('the environment', () => {
  it('needs nothing', () => {
    expect(readEnvironment({})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      publicUrl: 'http://127.0.0.1:3000',
      database: { type: 'sqlite', path: './data/signpost.db' },
      production: false,
      allowTargets: [],
      retentionMs: 30 * 86_400_000,
      role: 'all',
      rateLimit: undefined,
      trustProxy: false,
      maxConnections: 10_000,
      auditRetentionMs: 90 * 86_400_000,
    });
  });

  it('is read as documented', () => {
    const settings = readEnvironment({
      HOST: '::1',
      PORT: '8080',
      DATABASE_URL: 'sqlite:/var/lib/signpost.db',
      SIGNPOST_ALLOW_TARGETS: '127.0.0.0/8, fd00::/8',
      SIGNPOST_RETENTION: '7d',
      SIGNPOST_RETRY_SCHEDULE: '5s,30s,2m',
      SIGNPOST_CONFIRM_SCHEDULE: '500ms',
      SIGNPOST_SIGNAL_TIMEOUT: '3s',
      SIGNPOST_ROLE: 'api',
      SIGNPOST_RATE_LIMIT: '500/1m',
      SIGNPOST_TRUST_PROXY: '10.0.0.0/8',
      SIGNPOST_MAX_CONNECTIONS: '200',
      SIGNPOST_AUDIT_RETENTION: '365d',
    });
    expect(settings).toMatchObject({
      publicUrl: 'http://[::1]:8080',
      database: { type: 'sqlite', path: '/var/lib/signpost.db' },
      allowTargets: ['127.0.0.0/8', 'fd00::/8'],
      retentionMs: 7 * 86_400_000,
      retrySchedule: [5_000, 30_000, 120_000],
      confirmSchedule: [500],
      signalTimeoutMs: 3_000,
      role: 'api',
      rateLimit: { requests: 500, perMs: 60_000 },
      trustProxy: ['10.0.0.0/8'],
      maxConnections: 200,
      auditRetentionMs: 365 * 86_400_000,
    });
    expect(readEnvironment({ SIGNPOST_RATE_LIMIT: 'off', SIGNPOST_TRUST_PROXY: 'off' })).toMatchObject({
      rateLimit: false,
      trustProxy: false,
    });
    expect(readEnvironment({ DATABASE_URL: 'sqlite:///var/lib/signpost.db' }).database).toEqual({
      type: 'sqlite',
      path: '/var/lib/signpost.db',
    });
    const postgres = 'postgres://signpost:secret@db.example.com/signpost?sslmode=verify-full';
    expect(
      readEnvironment({
        DATABASE_URL: postgres,
        SIGNPOST_POOL_SIZE: '8',
        SIGNPOST_PARTITIONS: '4',
        SIGNPOST_LISTEN_URL: 'postgresql://db/signpost',
      }),
    ).toMatchObject({
      database: { type: 'postgres', url: postgres },
      postgres: { poolSize: 8, partitions: 4, listenUrl: 'postgresql://db/signpost' },
    });
    expect(readEnvironment({ SIGNPOST_PUBLIC_URL: 'https://events.example.com/' }).publicUrl).toBe(
      'https://events.example.com',
    );
  });

  it.each([
    ['PORT', 'http'],
    ['PORT', '70000'],
    ['DATABASE_URL', 'mysql://u:secret@h/db'],
    ['DATABASE_URL', 'postgres://'],
    ['SIGNPOST_POOL_SIZE', '0'],
    ['SIGNPOST_PARTITIONS', '1001'],
    ['SIGNPOST_LISTEN_URL', 'pgbouncer:6432'],
    ['SIGNPOST_PUBLIC_URL', 'ftp://x'],
    ['SIGNPOST_PUBLIC_URL', 'https://x/?a=1'],
    ['SIGNPOST_ADMIN_KEY', 'short'],
    ['SIGNPOST_MASTER_KEY', 'c2hvcnQ='],
    ['SIGNPOST_ALLOW_TARGETS', '127.0.0.1'],
    ['SIGNPOST_ALLOW_TARGETS', '127.0.0.0/33'],
    ['SIGNPOST_ALLOW_TARGETS', 'localhost/8'],
    ['SIGNPOST_RETENTION', '30'],
    ['SIGNPOST_RETENTION', '0d'],
    ['SIGNPOST_RETRY_SCHEDULE', '5s,,2m'],
    ['SIGNPOST_CONFIRM_SCHEDULE', 'soon'],
    ['SIGNPOST_SIGNAL_TIMEOUT', '2m'],
    ['SIGNPOST_ROLE', 'both'],
    ['SIGNPOST_RATE_LIMIT', '100'],
    ['SIGNPOST_RATE_LIMIT', '0/10s'],
    ['SIGNPOST_RATE_LIMIT', '10/0s'],
    ['SIGNPOST_TRUST_PROXY', 'true'],
    ['SIGNPOST_TRUST_PROXY', '1'],
    ['SIGNPOST_MAX_CONNECTIONS', '0'],
    ['SIGNPOST_AUDIT_RETENTION', '1y'],
  ])('%s=%s stops the start with one line that names it and keeps passwords out', (name, value) => {
    const start = () => readEnvironment({ [name]: value });
    expect(start).toThrow(new RegExp(`^${name}: [^\\n]+$`));
    expect(start).not.toThrow(/secret/);
  });

  it('names one issuer whose tokens are taken, whole or not at all', () => {
    expect(readEnvironment({}).issuer).toBeUndefined();
    const issuer = {
      SIGNPOST_ISSUER: 'https://login.example.com/',
      SIGNPOST_ISSUER_AUDIENCE: 'https://events.example.com',
      SIGNPOST_ISSUER_JWKS_URL: 'https://login.example.com/jwks.json',
    };
    const read = { issuer: 'https://login.example.com/', audience: 'https://events.example.com' };
    const jwksUrl = 'https://login.example.com/jwks.json';
    expect(readEnvironment(issuer).issuer).toEqual({ ...read, jwksUrl });
    const claims = { SIGNPOST_ISSUER_RECEIVER_CLAIM: 'rcv', SIGNPOST_ISSUER_SCOPES_CLAIM: 'scp' };
    expect(readEnvironment({ ...issuer, ...claims }).issuer).toEqual({
      ...read,
      jwksUrl,
      receiverClaim: 'rcv',
      scopesClaim: 'scp',
    });
    for (const name of Object.keys(issuer)) {
      const start = () => readEnvironment({ ...issuer, [name]: undefined });
      expect(start).toThrow(new RegExp(`^${name}: [^\\n]+$`));
    }
    for (const url of ['http://login.example.com/jwks', 'https://u:secret@login.example.com/', 'jwks', 'ftp://x']) {
      const start = () => readEnvironment({ ...issuer, SIGNPOST_ISSUER_JWKS_URL: url });
      expect(start).toThrow(/^SIGNPOST_ISSUER_JWKS_URL: [^\n]+$/);
      expect(start).not.toThrow(/secret/);
    }
    expect(() => readEnvironment(claims)).toThrow(/^SIGNPOST_ISSUER: /);
  });

  it('in production the master key must be given', () => {
    expect(() => readEnvironment({ NODE_ENV: 'production' })).toThrow(/^SIGNPOST_MASTER_KEY: must be given/);
    const key = Buffer.alloc(32, 7).toString('base64');
    expect(readEnvironment({ NODE_ENV: 'production', SIGNPOST_MASTER_KEY: key }).masterKey).toBe(key);
  });

  it('durations have units', () => {
    expect(['500ms', '5s', '2m', '2min', '10h', '30d', ' 1s '].map(parseDuration)).toEqual([
      500, 5_000, 120_000, 120_000, 36_000_000, 2_592_000_000, 1_000,
    ]);
    expect(['', '5', 's', '-5s', '1.5s', '5 s'].map(parseDuration)).toEqual(Array.from({ length: 6 }, () => undefined));
    expect(parseDurations('1s,0s')).toBeUndefined();
  });
});
