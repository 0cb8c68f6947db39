import { execFile, spawnSync } from 'node:child_process';
import { inspect, promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { sign } from '@octokit/webhooks-methods';
import { readSettings } from '../../../examples/github-bridge/settings.js';
import { AdminKeysService, EndpointsService } from '../../../src/index.js';
import { verifySignal } from '../../../src/receiver/client/index.js';
import { codeBlock, readDocument } from '../../package/documents.js';
import { startSignalReceiver } from '../../support/signal-receiver.js';
import { until } from '../../support/until.js';
import { ENVIRONMENT, FACEBOOK_SECRET, GITHUB_SECRET, RunningBridge, VERIFY_TOKEN } from './github-bridge-app.js';

const run = promisify(execFile);
const TRIED_WITH = 'only-to-try-it-out';

const close: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const one of close.splice(0)) await one();
});

async function start(environment?: Record<string, string>): Promise<RunningBridge> {
  const bridge = await RunningBridge.start(environment);
  close.push(() => bridge.close());
  return bridge;
}

describe('the bridge', () => {
  it("turns a delivery into a signal with the event's id, and nothing of the payload", async () => {
    const bridge = await start();
    const receiver = await startSignalReceiver();
    close.push(() => receiver.close());
    const endpoints = bridge.app.get(EndpointsService);
    const { secret } = await endpoints.create(bridge.receiver, {
      url: receiver.url,
      eventTypes: ['github.issues.*'],
    });

    const body = '{"action":"opened","repository":{"full_name":"canary/repository"}}';
    const delivered = await bridge.send(
      '/webhooks/github',
      {
        'content-type': 'application/json',
        'x-github-event': 'issues',
        'x-github-delivery': 'canary-delivery',
        'x-hub-signature-256': await sign(GITHUB_SECRET, body),
      },
      body,
    );
    expect(delivered.status).toBe(202);

    const signal = await until(() => receiver.signals[0], 'the signal');
    const [event] = await bridge.events();
    expect(verifySignal(signal.body, signal, secret)).toMatchObject({
      type: 'events.available',
      data: { events: [{ id: event?.id, type: 'github.issues.opened' }] },
    });
    expect(signal.body).not.toContain('canary');
  });

  it('has no route for a source without secrets', async () => {
    const bridge = await start({ ...ENVIRONMENT, FACEBOOK_APP_SECRETS: '', FACEBOOK_VERIFY_TOKEN: '' });
    expect((await bridge.send('/webhooks/facebook', {}, '{}')).status).toBe(404);
    expect((await bridge.send('/webhooks/github', {}, '{}')).status).toBe(401);
  });
});

const hasTools = ['curl', 'openssl'].every((tool) => spawnSync(tool, ['version']).error === undefined);
if (!hasTools) process.stderr.write('There is no curl or no openssl: the commands of the README are not tried.\n');

(hasTools ? it : it.skip)('answers the commands of the README as told', async () => {
  const bridge = await start({ ...ENVIRONMENT, GITHUB_WEBHOOK_SECRETS: TRIED_WITH });
  await bridge.app.get(AdminKeysService).ensureBootstrapKey(TRIED_WITH);
  const readme = readDocument('examples/github-bridge/README.md');
  expect(readme).toContain(`export GITHUB_WEBHOOK_SECRETS=${TRIED_WITH} SIGNPOST_ADMIN_KEY=${TRIED_WITH}\n`);
  const commands = codeBlock(readme, 'try').replace('http://127.0.0.1:3000', bridge.url);
  for (let time = 0; time < 2; time++) {
    const { stdout } = await run('sh', ['-c', commands]);
    expect(stdout).toMatch(/^HTTP\/1.1 202 Accepted\r\n/);
    expect(stdout.match(/"type":"github.issues.opened"/g)).toHaveLength(1);
    expect(stdout).toContain(`"subject":"octocat/hello"`);
  }
});

describe('the settings of the bridge', () => {
  it('have defaults for everything but the secrets', () => {
    const { SIGNPOST_MASTER_KEY, GITHUB_WEBHOOK_SECRETS } = ENVIRONMENT;
    expect(readSettings({ SIGNPOST_MASTER_KEY, GITHUB_WEBHOOK_SECRETS })).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      publicUrl: 'http://127.0.0.1:3000',
      database: './data/github-bridge.db',
      adminKey: undefined,
      allowTargets: [],
      facebook: undefined,
      sources: ['GitHub'],
    });
  });

  it.each<[string, Record<string, string>]>([
    ['GITHUB_WEBHOOK_SECRETS', { GITHUB_WEBHOOK_SECRETS: '', FACEBOOK_APP_SECRETS: '', FACEBOOK_VERIFY_TOKEN: '' }],
    ['GITHUB_WEBHOOK_SECRETS', { GITHUB_WEBHOOK_SECRETS: 'canary' }],
    ['GITHUB_WEBHOOK_SECRETS', { GITHUB_WEBHOOK_SECRETS: `${GITHUB_SECRET},` }],
    ['GITHUB_WEBHOOK_SECRETS', { GITHUB_WEBHOOK_SECRETS: `${GITHUB_SECRET},,${GITHUB_SECRET}` }],
    ['GITHUB_WEBHOOK_SECRETS', { GITHUB_WEBHOOK_SECRETS: 'canary with white space' }],
    ['FACEBOOK_APP_SECRETS', { FACEBOOK_APP_SECRETS: 'canary' }],
    ['FACEBOOK_APP_SECRETS', { FACEBOOK_APP_SECRETS: '' }],
    ['FACEBOOK_VERIFY_TOKEN', { FACEBOOK_VERIFY_TOKEN: 'canary' }],
    ['FACEBOOK_VERIFY_TOKEN', { FACEBOOK_VERIFY_TOKEN: '' }],
    ['SIGNPOST_MASTER_KEY', { SIGNPOST_MASTER_KEY: '' }],
    ['SIGNPOST_MASTER_KEY', { SIGNPOST_MASTER_KEY: 'canary' }],
    ['SIGNPOST_ADMIN_KEY', { SIGNPOST_ADMIN_KEY: 'canary' }],
    ['SIGNPOST_PUBLIC_URL', { SIGNPOST_PUBLIC_URL: 'ftp://canary' }],
    ['PORT', { PORT: 'canary' }],
    ['PORT', { PORT: '65536' }],
  ])('%s stops the start with one line that names it and shows no value (%j)', (name, changed) => {
    const read = () => readSettings({ ...ENVIRONMENT, ...changed });
    expect(read).toThrow(new RegExp(`^${name}: [^\\n]+$`));
    expect(read).not.toThrow(/canary/);
  });

  it('show no signing secret when they are printed', () => {
    const settings = readSettings(ENVIRONMENT);
    for (const text of [inspect(settings, { depth: 9 }), JSON.stringify(settings)]) {
      expect(text).not.toContain(GITHUB_SECRET);
      expect(text).not.toContain(FACEBOOK_SECRET);
    }
    expect(settings.facebook?.verifyToken).toBe(VERIFY_TOKEN);
  });

  it('stand in the README, all of them', () => {
    const variables = (path: string, pattern: RegExp) =>
      [...new Set([...readDocument(path).matchAll(pattern)].map(([, name]) => name))].sort();
    const documented = variables('examples/github-bridge/README.md', /^\| `([A-Z_]+)` +\|/gm);
    expect(documented.length).toBeGreaterThanOrEqual(10);
    expect(documented).toEqual(
      variables('examples/github-bridge/settings.ts', /\b((?:HOST|PORT)|[A-Z]+_[A-Z_]+)(?=\)|:| \|\|| \?|,)/g),
    );
  });
});
