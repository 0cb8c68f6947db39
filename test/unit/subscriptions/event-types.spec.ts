import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SensitiveField } from '../../../src/producer/subscriptions/sensitive-field.js';
import { openSubscriptions, START, type Subscriptions } from '../../support/subscription-services.js';

describe('the catalogue of event types', () => {
  let db: Subscriptions;
  beforeEach(async () => void (db = await openSubscriptions()));
  afterEach(() => db.close());

  it('keeps a schema as it was given', async () => {
    const schema = { type: 'object', properties: { id: { type: 'string' } }, 'x-null': null };
    const created = await db.eventTypes.create({ name: 'invoice.paid', description: 'Paid.', schema });
    expect(created).toEqual({
      name: 'invoice.paid',
      description: 'Paid.',
      schema,
      sensitiveFields: [],
      createdAt: '2026-11-23T17:30:00.000Z',
      updatedAt: '2026-11-23T17:30:00.000Z',
    });
    expect(await db.eventTypes.get('invoice.paid')).toEqual(created);
    await db.eventTypes.create({ name: 'plain' });
    expect(await db.eventTypes.get('plain')).toMatchObject({ description: null, schema: null });
    await db.eventTypes.create({ name: 'nothing', schema: false });
    expect(await db.eventTypes.get('nothing')).toMatchObject({ schema: false });
  });

  it('holds each type once', async () => {
    await db.eventTypes.create({ name: 'a', description: 'first' });
    await expect(db.eventTypes.create({ name: 'a', description: 'second' })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await db.eventTypes.get('a')).toMatchObject({ description: 'first' });
  });

  it('is listed by name, page by page', async () => {
    for (const name of ['c', 'a.b', 'a', 'b']) await db.eventTypes.create({ name });
    const first = await db.eventTypes.list({ limit: 3 });
    expect(first).toMatchObject({ cursor: 'b', more: true });
    const second = await db.eventTypes.list({ limit: 3, after: 'b' });
    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(['a', 'a.b', 'b', 'c']);
  });

  it('keeps what an update leaves out, and clears what it sets to null', async () => {
    await db.eventTypes.create({ name: 'a', description: 'd', schema: true });
    db.clock.now = START + 1;
    expect(await db.eventTypes.update('a', { description: null })).toMatchObject({ description: null, schema: true });
    expect(await db.eventTypes.update('a', { schema: { type: 'null' } })).toMatchObject({
      schema: { type: 'null' },
      updatedAt: '2026-11-23T17:30:00.001Z',
    });
    await db.eventTypes.update('a', { schema: null });
    expect(await db.eventTypes.get('a')).toMatchObject({ description: null, schema: null });
  });

  it('keeps sensitive fields until they are taken away, and a type that has some', async () => {
    const email = { pointer: '/customer/email', scope: 'pii:read' } as const;
    const changes: string[] = [];
    db.eventTypes.onChange(() => changes.push('changed'));
    await db.eventTypes.create({ name: 'a', sensitiveFields: [email] });
    await db.eventTypes.create({ name: 'b' });
    expect(await db.eventTypes.sensitive()).toEqual([{ name: 'a', sensitiveFields: JSON.stringify([email]) }]);
    expect(await db.eventTypes.update('a', { description: 'd' })).toMatchObject({ sensitiveFields: [email] });
    await expect(db.eventTypes.remove('a')).rejects.toMatchObject({ code: 'conflict' });
    expect(await db.eventTypes.update('a', { sensitiveFields: null })).toMatchObject({ sensitiveFields: [] });
    expect(await db.eventTypes.sensitive()).toEqual([]);
    await db.eventTypes.remove('a');
    expect(changes).toHaveLength(5);
  });

  it.each<[string, { pointer: string; scope: string }[], string]>([
    ['no pointer', [{ pointer: 'customer', scope: 'pii:read' }], '/sensitiveFields/0/pointer'],
    ['a route’s scope', [{ pointer: '/a', scope: 'events:read' }], '/sensitiveFields/0/scope'],
    ['no scope', [{ pointer: '/a', scope: 'pii' }], '/sensitiveFields/0/scope'],
    ['a pointer twice', ['a:b', 'a:c'].map((scope) => ({ pointer: '/a', scope })), '/sensitiveFields/1/pointer'],
    ['too many', Array.from({ length: 101 }, (_, n) => ({ pointer: `/${n}`, scope: 'a:b' })), '/sensitiveFields'],
  ])('refuses %s as sensitive field, with its pointer', async (_, fields, pointer) => {
    const sensitiveFields = fields as SensitiveField[];
    const refusal = { code: 'invalid_sensitive_field', pointer };
    await expect(db.eventTypes.create({ name: 'a', sensitiveFields })).rejects.toMatchObject(refusal);
    await expect(db.eventTypes.get('a')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('names a type that is not in it', async () => {
    await db.eventTypes.create({ name: 'a' });
    await db.eventTypes.remove('a');
    for (const attempt of [
      () => db.eventTypes.get('a'),
      () => db.eventTypes.update('a', {}),
      () => db.eventTypes.remove('a'),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'not_found', kind: 'event type', id: 'a' });
    }
  });
});
