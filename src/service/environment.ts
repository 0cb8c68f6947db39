import { BlockList } from 'node:net';
import type { IssuerOptions } from '../index.js';
import { parseDuration, parseDurations } from './duration.js';
import { EnvironmentError } from './environment-error.js';
import { readIssuer } from './issuer-environment.js';

/** `path`: of the SQLite file, or `:memory:`. */
export type DatabaseSettings = { type: 'sqlite'; path: string } | { type: 'postgres'; url: string };

/** What the service runs with, read from the environment once, at start. */
export interface ServiceSettings {
  host: string;
  port: number;
  publicUrl: string;
  database: DatabaseSettings;
  postgres: { poolSize?: number; listenUrl?: string; partitions?: number };
  adminKey: string | undefined;
  /** Undefined: kept in a file beside the database. */
  masterKey: string | undefined;
  /** Open what was sealed under them; for a rotation. */
  previousMasterKeys: string[];
  production: boolean;
  allowTargets: string[];
  retentionMs: number;
  retrySchedule: number[] | undefined;
  confirmSchedule: number[] | undefined;
  signalTimeoutMs: number | undefined;
  role: 'all' | 'api' | 'dispatch';
  /** Undefined: the module's default. `false`: none. */
  rateLimit: { requests: number; perMs: number } | false | undefined;
  /** CIDR blocks of the proxies whose word on the caller's address counts; `false`: nobody's. */
  trustProxy: string[] | false;
  maxConnections: number;
  auditRetentionMs: number;
  /** Whose tokens are taken beside our own. */
  issuer: IssuerOptions | undefined;
}

export { EnvironmentError };

const SHORTEST_ADMIN_KEY = 8;
const LONGEST_TIMEOUT_MS = 60_000;
const MOST_CONNECTIONS = 1_000_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws EnvironmentError */
export function readEnvironment(env: Environment): ServiceSettings {
  const host = env.HOST || '127.0.0.1';
  const port = readPort(env.PORT);
  const production = env.NODE_ENV === 'production';
  const masterKey = readMasterKey(env.SIGNPOST_MASTER_KEY, production);
  return {
    host,
    port,
    publicUrl: readPublicUrl(env.SIGNPOST_PUBLIC_URL, host, port),
    database: readDatabase(env.DATABASE_URL),
    postgres: readPostgres(env),
    adminKey: readAdminKey(env.SIGNPOST_ADMIN_KEY),
    masterKey,
    previousMasterKeys: readPreviousMasterKeys(env.SIGNPOST_PREVIOUS_MASTER_KEYS),
    production,
    allowTargets: readBlocks('SIGNPOST_ALLOW_TARGETS', env.SIGNPOST_ALLOW_TARGETS),
    retentionMs: readDuration('SIGNPOST_RETENTION', env.SIGNPOST_RETENTION) ?? 30 * 86_400_000,
    retrySchedule: readSchedule('SIGNPOST_RETRY_SCHEDULE', env.SIGNPOST_RETRY_SCHEDULE),
    confirmSchedule: readSchedule('SIGNPOST_CONFIRM_SCHEDULE', env.SIGNPOST_CONFIRM_SCHEDULE),
    signalTimeoutMs: readTimeout(env.SIGNPOST_SIGNAL_TIMEOUT),
    role: readRole(env.SIGNPOST_ROLE),
    rateLimit: readRateLimit(env.SIGNPOST_RATE_LIMIT),
    trustProxy: readTrustProxy(env.SIGNPOST_TRUST_PROXY),
    maxConnections: readCount('SIGNPOST_MAX_CONNECTIONS', env.SIGNPOST_MAX_CONNECTIONS, MOST_CONNECTIONS) ?? 10_000,
    auditRetentionMs: readDuration('SIGNPOST_AUDIT_RETENTION', env.SIGNPOST_AUDIT_RETENTION) ?? 90 * 86_400_000,
    issuer: readIssuer(env),
  };
}

function readPort(text: string | undefined): number {
  if (!text) return 3000;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new EnvironmentError('PORT', `"${text}" is no port; use 0 to 65535`);
  return port;
}

function readPublicUrl(text: string | undefined, host: string, port: number): string {
  if (!text) return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search || url.hash || url.username) {
    throw new EnvironmentError(
      'SIGNPOST_PUBLIC_URL',
      'must be an http(s) URL without query, such as https://events.example.com',
    );
  }
  return text.replace(/\/+$/, '');
}

function readDatabase(text: string | undefined): DatabaseSettings {
  if (!text) return { type: 'sqlite', path: './data/signpost.db' };
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(text)?.[1];
  if (path) return { type: 'sqlite', path };
  if (isPostgresUrl(text)) return { type: 'postgres', url: text };
  // The value may hold a password, so it is not repeated.
  throw new EnvironmentError(
    'DATABASE_URL',
    'must be sqlite:<path>, such as sqlite:./data/signpost.db, or postgres://<user>:<password>@<host>:<port>/<database>',
  );
}

function isPostgresUrl(text: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { hostname, searchParams } = new URL(text);
  return hostname !== '' || searchParams.has('host');
}

function readPostgres(env: Environment): ServiceSettings['postgres'] {
  const listenUrl = env.SIGNPOST_LISTEN_URL;
  if (listenUrl && !isPostgresUrl(listenUrl)) {
    throw new EnvironmentError('SIGNPOST_LISTEN_URL', 'must be postgres://… of the database itself, not of a pooler');
  }
  const poolSize = readCount('SIGNPOST_POOL_SIZE', env.SIGNPOST_POOL_SIZE, 100);
  const partitions = readCount('SIGNPOST_PARTITIONS', env.SIGNPOST_PARTITIONS, 1_000);
  return {
    ...(poolSize === undefined ? {} : { poolSize }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(listenUrl ? { listenUrl } : {}),
  };
}

function readCount(name: string, text: string | undefined, most: number): number | undefined {
  if (!text) return undefined;
  const count = Number(text);
  if (!/^\d{1,7}$/.test(text) || count < 1 || count > most) {
    throw new EnvironmentError(name, `"${text}" is no number from 1 to ${most}`);
  }
  return count;
}

function readAdminKey(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (text.length < SHORTEST_ADMIN_KEY || !/^[\x21-\x7e]+$/.test(text)) {
    throw new EnvironmentError(
      'SIGNPOST_ADMIN_KEY',
      `must be at least ${SHORTEST_ADMIN_KEY} visible ASCII characters; try: openssl rand -base64 32`,
    );
  }
  return text;
}

function readMasterKey(text: string | undefined, production: boolean): string | undefined {
  if (!text) {
    if (production) {
      throw new EnvironmentError(
        'SIGNPOST_MASTER_KEY',
        'must be given in production (32 bytes, base64); try: openssl rand -base64 32',
      );
    }
    return undefined;
  }
  if (Buffer.from(text, 'base64').length !== 32) {
    throw new EnvironmentError('SIGNPOST_MASTER_KEY', 'must be 32 bytes in base64; try: openssl rand -base64 32');
  }
  return text;
}

function readPreviousMasterKeys(text: string | undefined): string[] {
  const keys = readList(text);
  if (keys.every((key) => Buffer.from(key, 'base64').length === 32)) return keys;
  // A key is not repeated in a message.
  throw new EnvironmentError('SIGNPOST_PREVIOUS_MASTER_KEYS', 'must be a list of master keys, 32 bytes in base64 each');
}

function readList(text = ''): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function readBlocks(name: string, text: string | undefined): string[] {
  const blocks = readList(text);
  for (const block of blocks) {
    const [address = '', prefix = ''] = block.split('/');
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    try {
      new BlockList().addSubnet(address, /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN, family);
    } catch {
      throw new EnvironmentError(name, `"${block}" is no CIDR block; use a list such as 127.0.0.0/8,10.1.0.0/16`);
    }
  }
  return blocks;
}

/** Such as `10000/10s`. */
function readRateLimit(text: string | undefined): ServiceSettings['rateLimit'] {
  if (!text) return undefined;
  if (text === 'off') return false;
  const [, count = '', window = ''] = /^(\d{1,9})\/(\w+)$/.exec(text) ?? [];
  const requests = Number(count);
  const perMs = parseDuration(window);
  if (requests < 1 || !perMs) {
    throw new EnvironmentError(
      'SIGNPOST_RATE_LIMIT',
      `"${text}" is no limit; use requests and their time, such as 10000/10s, or off`,
    );
  }
  return { requests, perMs };
}

/** Blocks of proxies; not how many there are, as whoever comes past them could then say what its address is (Fastify takes none either). */
function readTrustProxy(text: string | undefined): ServiceSettings['trustProxy'] {
  return !text || text === 'off' ? false : readBlocks('SIGNPOST_TRUST_PROXY', text);
}

function readDuration(name: string, text: string | undefined): number | undefined {
  if (!text) return undefined;
  const duration = parseDuration(text);
  if (!duration)
    throw new EnvironmentError(name, `"${text}" is no duration; use a number with ms, s, m, h or d, such as 30d`);
  return duration;
}

function readSchedule(name: string, text: string | undefined): number[] | undefined {
  if (!text) return undefined;
  const schedule = parseDurations(text);
  if (!schedule) throw new EnvironmentError(name, `"${text}" is no list of durations; use one such as 5s,30s,2m`);
  return schedule;
}

function readTimeout(text: string | undefined): number | undefined {
  const timeout = readDuration('SIGNPOST_SIGNAL_TIMEOUT', text);
  if (timeout !== undefined && timeout > LONGEST_TIMEOUT_MS) {
    throw new EnvironmentError('SIGNPOST_SIGNAL_TIMEOUT', 'must be 60s at most');
  }
  return timeout;
}

function readRole(text: string | undefined): 'all' | 'api' | 'dispatch' {
  if (!text) return 'all';
  if (text === 'all' || text === 'api' || text === 'dispatch') return text;
  throw new EnvironmentError('SIGNPOST_ROLE', `"${text}" is no role; use all, api or dispatch`);
}
