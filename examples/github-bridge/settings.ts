import { createSecretKey, type KeyObject } from 'node:crypto';

export interface FacebookSettings {
  /** The app's secret, and the one before it while it is being changed. */
  secrets: readonly KeyObject[];
  /** Proves to us that a subscription is ours. */
  verifyToken: string;
}

/** What the bridge runs with, read from the environment once, at start. */
export interface BridgeSettings {
  host: string;
  port: number;
  publicUrl: string;
  /** Path of the SQLite file. */
  database: string;
  masterKey: string;
  /** Undefined: one is made and shown at the first start. */
  adminKey: string | undefined;
  allowTargets: string[];
  github: { secrets: readonly KeyObject[] } | undefined;
  facebook: FacebookSettings | undefined;
  /** Names of those that are configured. */
  sources: string[];
}

/** A variable of the environment has a value that the bridge cannot run with. One line: the name, the fault, the fix. Never the value. */
export class SettingsError extends Error {
  readonly code = 'bad_settings';

  constructor(name: string, fix: string) {
    super(`${name}: ${fix}`);
    this.name = 'SettingsError';
  }
}

const SHORTEST_SECRET = 16;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws SettingsError */
export function readSettings(env: Environment): BridgeSettings {
  const host = env.HOST || '127.0.0.1';
  const port = readPort(env.PORT);
  const github = env.GITHUB_WEBHOOK_SECRETS
    ? { secrets: readSecrets('GITHUB_WEBHOOK_SECRETS', env.GITHUB_WEBHOOK_SECRETS) }
    : undefined;
  const facebook = readFacebook(env);
  if (!github && !facebook) {
    throw new SettingsError(
      'GITHUB_WEBHOOK_SECRETS',
      'must be given, or FACEBOOK_APP_SECRETS and FACEBOOK_VERIFY_TOKEN; try: openssl rand -hex 32',
    );
  }
  return {
    host,
    port,
    publicUrl: readPublicUrl(env.SIGNPOST_PUBLIC_URL, host, port),
    database: env.BRIDGE_DATABASE || './data/github-bridge.db',
    masterKey: readMasterKey(env.SIGNPOST_MASTER_KEY),
    adminKey: env.SIGNPOST_ADMIN_KEY ? readSecret('SIGNPOST_ADMIN_KEY', env.SIGNPOST_ADMIN_KEY) : undefined,
    // What stands in it is checked by SignpostModule.
    allowTargets: list(env.SIGNPOST_ALLOW_TARGETS ?? '').filter((block) => block !== ''),
    github,
    facebook,
    sources: [...(github ? ['GitHub'] : []), ...(facebook ? ['Facebook'] : [])],
  };
}

function readFacebook({
  FACEBOOK_APP_SECRETS: secrets,
  FACEBOOK_VERIFY_TOKEN: token,
}: Environment): FacebookSettings | undefined {
  if (!secrets && !token) return undefined;
  if (!secrets) throw new SettingsError('FACEBOOK_APP_SECRETS', "must be given as well: your app's App Secret");
  if (!token) {
    throw new SettingsError('FACEBOOK_VERIFY_TOKEN', 'must be given as well; try: openssl rand -hex 32');
  }
  return {
    secrets: readSecrets('FACEBOOK_APP_SECRETS', secrets),
    verifyToken: readSecret('FACEBOOK_VERIFY_TOKEN', token),
  };
}

/** Key objects: neither JSON nor util.inspect shows what is in them. */
function readSecrets(name: string, text: string): KeyObject[] {
  // An empty one between two commas is refused for its length: with it, anybody could sign.
  return list(text).map((secret) => createSecretKey(readSecret(name, secret), 'utf8'));
}

function readSecret(name: string, secret: string): string {
  if (secret.length >= SHORTEST_SECRET && VISIBLE_ASCII.test(secret)) return secret;
  throw new SettingsError(
    name,
    `must be at least ${SHORTEST_SECRET} visible ASCII characters each; try: openssl rand -hex 32`,
  );
}

function readMasterKey(text = ''): string {
  if (Buffer.from(text, 'base64').length === 32) return text;
  throw new SettingsError('SIGNPOST_MASTER_KEY', 'must be 32 bytes in base64; try: openssl rand -base64 32');
}

function readPort(text: string | undefined): number {
  const port = Number(text || '3000');
  if (/^\d{1,5}$/.test(text || '3000') && port <= 65_535) return port;
  throw new SettingsError('PORT', 'must be a number from 0 to 65535');
}

function readPublicUrl(text: string | undefined, host: string, port: number): string {
  if (!text) return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new SettingsError('SIGNPOST_PUBLIC_URL', 'must be an http(s) URL, such as https://events.example.com');
}

const list = (text: string): string[] => text.split(',').map((item) => item.trim());
