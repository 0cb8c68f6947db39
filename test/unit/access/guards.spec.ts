import { Controller, Get, Logger, Module, UseFilters, UseGuards, type INestApplication } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ProblemFilter } from '../../../src/http/problem.filter.js';
import { AccessLog } from '../../../src/producer/access/access-log.js';
import { ChangeLog } from '../../../src/producer/access/change-log.js';
import { AdminGuard, AdminScope } from '../../../src/producer/access/admin.guard.js';
import { AdminKeysService } from '../../../src/producer/access/admin-keys.service.js';
import { generateApiKey } from '../../../src/producer/access/api-key.js';
import type { Authenticated } from '../../../src/producer/access/authenticated.js';
import { Authenticator } from '../../../src/producer/access/authenticator.js';
import { AuditedAs, CurrentAccess, ReceiverGuard, RequiresScope } from '../../../src/producer/access/receiver.guard.js';
import type { CredentialScope } from '../../../src/producer/access/scopes.js';
import type { ReceiverId } from '../../../src/protocol/ids.js';
import { openSubscriptions, START, type Subscriptions } from '../../support/subscription-services.js';

@Controller('read')
@UseGuards(ReceiverGuard)
@UseFilters(ProblemFilter)
class ReadController {
  @Get()
  @AuditedAs('feed')
  read(@CurrentAccess() access: Authenticated) {
    return access;
  }

  @Get('plain')
  plain(@CurrentAccess() access: Authenticated) {
    return access;
  }
}

@Controller('manage')
@UseGuards(ReceiverGuard)
@UseFilters(ProblemFilter)
@RequiresScope('endpoints:read')
class ManageController {
  @Get()
  read() {
    return 'read';
  }

  @Get('write')
  @RequiresScope('endpoints:write')
  write() {
    return 'written';
  }
}

@Controller('operate')
@UseGuards(AdminGuard)
@UseFilters(ProblemFilter)
class OperateController {
  @Get()
  operate() {
    return 'operated';
  }

  @Get('publish')
  @AdminScope('events:publish')
  publish() {
    return 'published';
  }
}

async function listen(db: Subscriptions, platform: 'express' | 'fastify'): Promise<INestApplication> {
  @Module({
    controllers: [ReadController, ManageController, OperateController],
    providers: [
      { provide: Authenticator, useValue: db.authenticator },
      { provide: AdminKeysService, useValue: db.adminKeys },
      { provide: AccessLog, useValue: db.accessLog },
      { provide: ChangeLog, useValue: db.changeLog },
    ],
  })
  class GuardedModule {}
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(GuardedModule, adapter, { logger: false, abortOnError: false });
  return app.listen(0, '127.0.0.1').then(() => app);
}

describe.each(['express', 'fastify'] as const)('on %s', (platform) => {
  let db: Subscriptions;
  let app: INestApplication;
  let receiver: ReceiverId;

  const get = async (path: string, authorization?: string) => {
    const answer = await fetch(
      `${await app.getUrl()}${path}`,
      authorization === undefined ? {} : { headers: { authorization } },
    );
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  };
  const audited = async () => (await db.accessLog.list({ limit: 100 })).items;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    db = await openSubscriptions();
    app = await listen(db, platform);
    receiver = (await db.receivers.create({ tenant: 'acme', name: 'Acme', eventTypes: ['invoice.*'] })).id;
  });
  afterEach(async () => {
    await app.close();
    await db.close();
  });

  it('a credential is let in, and the route learns whose it is', async () => {
    const { id, apiKey } = await db.credentials.create(receiver, { name: 'key', types: ['invoice.paid'] });
    const expected = {
      kind: 'api-key',
      receiver: { id: receiver, tenant: 'acme', eventTypes: ['invoice.*'] },
      credential: { id, scopes: ['events:read'], types: ['invoice.paid'] },
    };
    // The second request finds the credential remembered and takes the way without a promise.
    for (const header of [`Bearer ${apiKey}`, `Basic ${Buffer.from(`${id}:${apiKey}`).toString('base64')}`]) {
      const answer = await get('/read', header);
      expect([answer.status, JSON.parse(answer.body)]).toEqual([200, expected]);
    }
    expect(await audited()).toEqual([]);
  });

  it('every bad credential gets the same bare 401', async () => {
    const { id, apiKey } = await db.credentials.create(receiver, { name: 'key' });
    const expired = await db.credentials.create(receiver, { name: 'expired', expiresAt: START });
    const headers = [
      undefined,
      'Bearer',
      'Bearer nonsense',
      `Bearer ${apiKey.slice(0, -1)}`,
      `Bearer ${generateApiKey('sp', id).text}`,
      `Bearer ${generateApiKey('sp', db.ids.next('key')).text}`,
      `Bearer ${expired.apiKey}`,
      `Basic ${Buffer.from(`${expired.id}:${apiKey}`).toString('base64')}`,
    ];
    const answers = [];
    for (const header of headers) answers.push(await get('/read', header));
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="signpost", Basic realm="signpost"');
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body).toBe(answers[0]?.body);
    }
    expect(Object.keys(JSON.parse(answers[0]?.body ?? '') as object).sort()).toEqual(['status', 'title', 'type']);
  });

  it('every denial leaves an audit row', async () => {
    const { id, apiKey } = await db.credentials.create(receiver, { name: 'key', scopes: [] });
    await get('/read');
    await get('/read/plain', `Bearer ${generateApiKey('sp', id).text}`);
    await get('/read', `Bearer ${apiKey}`);
    const row = {
      at: '2026-11-23T17:30:00.000Z',
      ids: null,
      after: null,
      through: null,
      count: 0,
      identity: null,
      types: null,
    };
    const address = expect.stringContaining('127.0.0.1');
    expect(await audited()).toEqual([
      { ...row, id: '3', receiver, credential: id, action: 'feed', status: 403, kind: 'api-key', address },
      { ...row, id: '2', receiver, credential: id, action: 'other', status: 401, kind: null, address },
      { ...row, id: '1', receiver: null, credential: null, action: 'feed', status: 401, kind: null, address },
    ]);
  });

  it('a credential without the scope gets 403', async () => {
    const { apiKey } = await db.credentials.create(receiver, { name: 'key', scopes: [] });
    const answer = await get('/read', `Bearer ${apiKey}`);
    const named = 'Bearer realm="signpost", error="insufficient_scope", scope="events:read"';
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([403, named]);
    expect(JSON.parse(answer.body)).toMatchObject({ type: 'urn:signpost:problem:forbidden' });
  });

  it('a credential does on each route what its scopes say', async () => {
    const paths = ['/read', '/manage', '/manage/write'];
    const table: [CredentialScope[], number[]][] = [
      [['events:read'], [200, 403, 403]],
      [['endpoints:read'], [403, 200, 403]],
      [['endpoints:write'], [403, 200, 200]],
      [
        ['endpoints:write', 'events:read'],
        [200, 200, 200],
      ],
      [['pii:read'], [403, 403, 403]],
    ];
    for (const [scopes, expected] of table) {
      const { apiKey } = await db.credentials.create(receiver, { name: 'key', scopes });
      const statuses = [];
      for (const path of paths) statuses.push((await get(path, `Bearer ${apiKey}`)).status);
      expect([scopes, statuses]).toEqual([scopes, expected]);
    }
  });

  it('nobody is served while the audit has no room', async () => {
    const { apiKey } = await db.credentials.create(receiver, { name: 'key' });
    for (let n = 0; n < 20_000; n++) {
      db.accessLog.record({ receiver, credential: null, action: 'event', status: 200, count: 1, address: null });
    }
    // Asked within the same turn of the event loop: nothing has been written yet.
    const guard = new ReceiverGuard(db.authenticator, db.accessLog, new Reflector());
    const context = {
      getHandler: () => ReadController.prototype.read,
      getClass: () => ReadController,
      switchToHttp: () => ({
        getRequest: () => ({ headers: { authorization: `Bearer ${apiKey}` } }),
        getResponse: () => ({ setHeader: () => undefined }),
      }),
    };
    expect(() => guard.canActivate(context as never)).toThrow(
      expect.objectContaining({ code: 'unavailable', headers: { 'Retry-After': '1' } }),
    );
    await db.accessLog.flush();
    expect(await guard.canActivate(context as never)).toBe(true);
  });

  it('an admin key does what its scopes say', async () => {
    const admin = await db.adminKeys.create({ name: 'operator', scopes: ['admin'] });
    const publisher = await db.adminKeys.create({ name: 'billing', scopes: ['events:publish'] });
    const { apiKey } = await db.credentials.create(receiver, { name: 'key' });
    const status = async (path: string, key: string) => (await get(path, `Bearer ${key}`)).status;
    for (let round = 0; round < 2; round++) {
      expect(await status('/operate', admin.apiKey)).toBe(200);
      expect(await status('/operate/publish', admin.apiKey)).toBe(200);
      expect(await status('/operate', publisher.apiKey)).toBe(403);
      expect(await status('/operate/publish', publisher.apiKey)).toBe(200);
      expect(await status('/operate/publish', apiKey)).toBe(401);
      expect(await status('/read', admin.apiKey)).toBe(401);
    }
    const answer = await get('/operate');
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="signpost"']);
  });
});
