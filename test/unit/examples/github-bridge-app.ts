import { createHmac } from 'node:crypto';
import { request, type OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createBridge } from '../../../examples/github-bridge/bridge.js';
import { readSettings } from '../../../examples/github-bridge/settings.js';
import { CredentialsService, ReceiversService } from '../../../src/index.js';
import type { ReceiverId } from '../../../src/protocol/ids.js';
import { ROOT } from '../../package/documents.js';

export const GITHUB_SECRET = 'github-secret-0123456789';
export const OLD_GITHUB_SECRET = 'old-github-secret-0123456789';
export const FACEBOOK_SECRET = '0123456789abcdef0123456789abcdef';
export const OLD_FACEBOOK_SECRET = 'fedcba9876543210fedcba9876543210';
export const VERIFY_TOKEN = 'verify-token-0123456789';

export const ENVIRONMENT = {
  PORT: '0',
  SIGNPOST_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
  SIGNPOST_ALLOW_TARGETS: '127.0.0.0/8',
  GITHUB_WEBHOOK_SECRETS: `${GITHUB_SECRET},${OLD_GITHUB_SECRET}`,
  FACEBOOK_APP_SECRETS: `${FACEBOOK_SECRET}, ${OLD_FACEBOOK_SECRET}`,
  FACEBOOK_VERIFY_TOKEN: VERIFY_TOKEN,
};

// Written from the protocol's document alone, and so nothing of what is tested here.
const { itemTexts, memberText } = (await import(join(ROOT, 'examples/plain-node-receiver/raw-json.js'))) as {
  itemTexts(text: string): string[];
  memberText(text: string, name: string): string | undefined;
};

/** An event as the fetch API serves it, the payload as text. */
export interface FetchedEvent {
  id: string;
  type: string;
  subject: string | null;
  data: string;
}

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** The bridge on a free port, with a receiver that may read everything. */
export class RunningBridge {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
    readonly receiver: ReceiverId,
    readonly apiKey: string,
  ) {}

  static async start(environment: Record<string, string> = ENVIRONMENT): Promise<RunningBridge> {
    const settings = readSettings({ ...environment, BRIDGE_DATABASE: ':memory:' });
    const app = await createBridge(settings, false);
    await app.listen(0, settings.host);
    const { id } = await app.get(ReceiversService).create({ name: 'test' });
    const { apiKey } = await app.get(CredentialsService).create(id, { name: 'test' });
    return new RunningBridge(app, await app.getUrl(), id, apiKey);
  }

  /** Sent with Node's own client: a list of values is a header that is sent more than once. */
  send(path: string, headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST';
      const sent = request(this.url + path, { method, headers, agent: false }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Everything that was published, in order, as a receiver reads it. */
  async events(): Promise<FetchedEvent[]> {
    const events: FetchedEvent[] = [];
    for (let after = '', more = true; more;) {
      const answer = await fetch(`${this.url}/v1/events?limit=500${after}`, {
        headers: { authorization: `Bearer ${this.apiKey}` },
      });
      const page = await answer.text();
      events.push(...itemTexts(memberText(page, 'events') ?? '[]').map(fetchedEvent));
      const read = JSON.parse(page) as { cursor: string; more: boolean };
      after = `&after=${read.cursor}`;
      more = read.more;
    }
    return events;
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}

function fetchedEvent(text: string): FetchedEvent {
  const { id, type, subject } = JSON.parse(text) as FetchedEvent;
  return { id, type, subject, data: memberText(text, 'data') ?? '' };
}

export const hmac = (algorithm: 'sha1' | 'sha256', secret: string, body: string | Buffer): string =>
  `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;
