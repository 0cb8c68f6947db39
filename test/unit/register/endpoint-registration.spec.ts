import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { EndpointsApi } from '../../../src/receiver/client/endpoints-api.js';
import { NotFoundError } from '../../../src/receiver/client/errors.js';
import { EndpointRegistration } from '../../../src/receiver/register/endpoint-registration.js';
import { EndpointRegistrationEntity } from '../../../src/receiver/register/endpoint-registration.entity.js';
import { SecretSeal } from '../../../src/receiver/register/secret-seal.js';
import { IdGenerator } from '../../../src/protocol/ids.js';
import { type InboxDatabase, sqliteInboxes } from '../../support/inbox-databases.js';
import { until } from '../../support/until.js';

const notFound = () => Promise.reject(new NotFoundError('not found', { status: 404 }));

/** The producer's list of endpoints, and what was asked of it. */
class MemoryEndpoints {
  readonly asked: string[] = [];
  readonly there = new Map<string, { id: string; description: string; state?: string; reason?: string | null }>();
  /** What a listing waits for. */
  gate: Promise<unknown> = Promise.resolve();
  hasApi = true;
  /** Of those that are made. */
  state = 'active';
  private readonly ids = new IdGenerator();

  private note<T>(call: string, answer: () => T | Promise<T>): Promise<T> {
    this.asked.push(call);
    return this.hasApi ? Promise.resolve(answer()) : notFound();
  }
  list = () => this.note('list', () => this.gate.then(() => [...this.there.values()]));
  get = (id: string) => this.note('get', () => this.there.get(id) ?? notFound());
  update = (id: string) => this.note('update', () => this.there.get(id) ?? notFound());
  rotateSecret = (id: string) => this.note('rotate', () => ({ id, secret: `rotated ${this.asked.length}` }));
  verify = (id: string) => this.note('verify', () => this.there.get(id) ?? notFound());
  create = ({ description }: { description: string }) =>
    this.note('create', () => {
      const made = { id: this.ids.next('ep'), description, state: this.state, reason: null };
      this.there.set(made.id, made);
      return { ...made, secret: `made ${this.asked.length}` };
    });
}

describe('the registration of an endpoint', () => {
  let database: InboxDatabase;
  let dataSource: DataSource;
  let producer: string;
  let endpoints: MemoryEndpoints;
  let log: string[];
  const { overrideLogger } = Logger;

  beforeAll(async () => {
    database = await sqliteInboxes();
  });
  afterAll(async () => {
    overrideLogger.call(Logger, false);
    await database.close();
  });
  beforeEach(() => {
    ({ dataSource, producer } = database.setting());
    endpoints = new MemoryEndpoints();
    log = [];
    const write = (message: unknown) => void log.push(String(message));
    Logger.overrideLogger({ log: write, warn: write, error: write });
  });

  function node(credential = 'sp_one'): {
    registration: EndpointRegistration;
    told: string[];
    once(): Promise<boolean>;
  } {
    const wanted = { url: 'https://books.example.com/signals', eventTypes: ['*'] };
    const client = { endpoints: endpoints as unknown as EndpointsApi };
    const seal = new SecretSeal(credential);
    const registration = new EndpointRegistration(client, dataSource, seal, producer, wanted, Date.now);
    const told: string[] = [];
    return { registration, told, once: () => registration.runOnce((secret) => told.push(secret)) };
  }

  const row = () => dataSource.getRepository(EndpointRegistrationEntity).findOneBy({ producer });

  it('is made by one of two nodes that were given a new credential at once', async () => {
    await node().once();
    let open: (value?: unknown) => void = () => undefined;
    endpoints.gate = new Promise((resolve) => (open = resolve));
    const [one, other] = [node('sp_two'), node('sp_two')];
    const registered = one.once();
    await until(() => endpoints.asked.filter((call) => call === 'list').length === 2, 'the first of them to be at it');
    expect(await other.once()).toBe(false);
    open();
    expect(await registered).toBe(true);
    expect(await other.once()).toBe(true);
    expect(endpoints.asked.filter((call) => call === 'rotate')).toHaveLength(1);
    expect(other.told).toEqual(one.told);
  });

  it('is not taken over from a node that has made it anew meanwhile', async () => {
    await node().once();
    endpoints.there.clear();
    let open: (value?: unknown) => void = () => undefined;
    endpoints.gate = new Promise((resolve) => (open = resolve));
    const nodes = [node(), node(), node()];
    const registered = nodes.map(({ once }) => once());
    await until(() => endpoints.asked.filter((call) => call === 'list').length >= 4, 'all of them to know');
    open();
    const outcomes = await Promise.all(registered);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(endpoints.there.size).toBe(1);
    expect(endpoints.asked.filter((call) => call === 'create')).toHaveLength(2);
  });

  it('has the challenge repeated as soon as the secret is known, and again at a start that finds it unproved', async () => {
    endpoints.state = 'pending';
    const first = node();
    await first.once();
    expect([first.told.length, endpoints.asked]).toEqual([1, ['list', 'create', 'verify']]);
    endpoints.asked.length = 0;
    await node().once();
    expect(endpoints.asked).toEqual(['get', 'verify']);
    for (const endpoint of endpoints.there.values())
      Object.assign(endpoint, { state: 'disabled', reason: 'unverified' });
    endpoints.asked.length = 0;
    await node().once();
    expect(endpoints.asked).toEqual(['get', 'verify']);
    // What somebody else has switched off is not the receiver's to switch on.
    for (const endpoint of endpoints.there.values()) Object.assign(endpoint, { state: 'paused', reason: 'paused' });
    endpoints.asked.length = 0;
    await node().once();
    expect(endpoints.asked).toEqual(['get']);
  });

  it('stands when the producer has no list of endpoints: what it kept is used, and the log says what to do', async () => {
    await node().once();
    const before = await row();
    endpoints.hasApi = false;
    const { registration } = node();
    const told: string[] = [];
    registration.start((secret) => told.push(secret));
    await until(() => log.some((line) => line.includes('no self-service API')), 'the hint');
    await registration.stop();
    expect(told).toEqual(['made 2']);
    expect(await row()).toEqual(before);
  });
});
