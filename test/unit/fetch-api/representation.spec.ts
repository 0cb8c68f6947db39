import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProblemException } from '../../../src/http/problem-exception.js';
import { decodeCursor, encodeCursor } from '../../../src/protocol/cursor.js';
import type { EventId } from '../../../src/protocol/ids.js';
import { acceptedType, EVENT_TYPES_SERVED, FEED_TYPES_SERVED } from '../../../src/producer/fetch-api/accepted-type.js';
import { isNoneMatch } from '../../../src/producer/fetch-api/conditional.js';
import { pageAnswer, pageLines } from '../../../src/producer/fetch-api/feed-answer.js';
import {
  cloudEventETag,
  eventCloudEvent,
  eventJson,
  jsonETag,
  type ReadableEvent,
} from '../../../src/producer/fetch-api/event-representation.js';

const EVENT: ReadableEvent = {
  partition: 0,
  position: 42,
  id: 'evt_01kaz8fp3wfj2taq4k3bv8s5ch' as EventId,
  tenant: 'acme',
  type: 'invoice.paid',
  subject: 'INV-1',
  occurredAt: Date.UTC(2026, 10, 23, 17, 30),
  recordedAt: Date.UTC(2026, 10, 23, 17, 30, 0, 123),
  gone: null,
  data: '{"b":1.0,"a":"\\u00e9"}',
};
const CURSOR = encodeCursor({ partition: 0, position: 42 });

describe('an event as JSON', () => {
  it('is exactly these bytes', () => {
    expect(eventJson(EVENT)).toBe(
      '{"id":"evt_01kaz8fp3wfj2taq4k3bv8s5ch","type":"invoice.paid","tenant":"acme","subject":"INV-1",' +
        '"occurredAt":"2026-11-23T17:30:00.000Z","recordedAt":"2026-11-23T17:30:00.123Z",' +
        `"cursor":"${CURSOR}","data":{"b":1.0,"a":"\\u00e9"}}`,
    );
  });

  it('has the subject null when there is none', () => {
    expect(JSON.parse(eventJson({ ...EVENT, subject: null }))).toMatchObject({ subject: null });
  });

  it('is JSON whatever subject and payload are, and holds the payload as it was stored', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.json(), (subject, data) => {
        const text = eventJson({ ...EVENT, subject, data });
        expect(JSON.parse(text)).toMatchObject({ subject });
        expect(text.endsWith(`,"data":${data}}`)).toBe(true);
      }),
    );
  });
});

describe('an event as a CloudEvent', () => {
  it('is exactly these bytes', () => {
    expect(eventCloudEvent(EVENT, 'https://events.example.com')).toBe(
      '{"specversion":"1.0","id":"evt_01kaz8fp3wfj2taq4k3bv8s5ch","source":"https://events.example.com",' +
        '"type":"invoice.paid","subject":"INV-1","time":"2026-11-23T17:30:00.000Z",' +
        '"datacontenttype":"application/json","tenant":"acme","recordedtime":"2026-11-23T17:30:00.123Z",' +
        `"cursor":"${CURSOR}","data":{"b":1.0,"a":"\\u00e9"}}`,
    );
  });

  it('has attribute names of lower-case letters and digits only, and no empty subject', () => {
    const names = Object.keys(JSON.parse(eventCloudEvent({ ...EVENT, subject: null }, 'x')) as object);
    expect(names).not.toContain('subject');
    expect(names.every((name) => /^[a-z0-9]{1,20}$/.test(name))).toBe(true);
  });
});

describe('validators', () => {
  it('differ per event, per representation and per source', () => {
    const { id } = EVENT;
    const tags = [jsonETag(id), jsonETag('evt_x'), cloudEventETag(id, 'https://a'), cloudEventETag(id, 'https://b')];
    expect(new Set(tags).size).toBe(4);
    expect(tags.every((tag) => /^"[\x21\x23-\x7e]+"$/.test(tag))).toBe(true);
  });

  it.each([
    [undefined, false],
    ['', false],
    ['*', true],
    [' * ', true],
    ['"a"', true],
    ['W/"a"', true],
    ['"b", W/"a"', true],
    ['"b","a"', true],
    ['"b"', false],
    ['a', false],
    ['"a', false],
    ['"aa"', false],
  ])('If-None-Match %j against "a" is %s', (header, expected) => {
    expect(isNoneMatch(header, '"a"')).toBe(expected);
  });
});

describe('Accept', () => {
  const refused = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return error instanceof ProblemException && error.code === 'not_acceptable';
    }
    return false;
  };

  it.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['application/cloudevents+json', 'application/cloudevents+json'],
    ['Application/CloudEvents+JSON; charset=utf-8', 'application/cloudevents+json'],
    ['text/html, application/json;q=0.5, */*;q=0.1', 'application/json'],
    ['application/json;q=0.4, application/cloudevents+json;q=0.5', 'application/cloudevents+json'],
    ['application/json;q=0, */*', 'application/cloudevents+json'],
    ['application/*;q=0, application/cloudevents+json', 'application/cloudevents+json'],
  ])('%j gets one event as %s', (header, expected) => {
    expect(acceptedType(header, EVENT_TYPES_SERVED)).toBe(expected);
  });

  it.each(['', 'text/html', 'application/json;q=0', 'application/x-ndjson', 'application/json;q=2', '*'])(
    '%j is refused for one event',
    (header) => {
      expect(refused(() => acceptedType(header, EVENT_TYPES_SERVED))).toBe(true);
    },
  );

  it('decides between the representations of the feed', () => {
    expect(acceptedType('application/x-ndjson', FEED_TYPES_SERVED)).toBe('application/x-ndjson');
    expect(acceptedType('application/cloudevents-batch+json', FEED_TYPES_SERVED)).toBe(
      'application/cloudevents-batch+json',
    );
    expect(refused(() => acceptedType('application/cloudevents+json', FEED_TYPES_SERVED))).toBe(true);
  });
});

describe('a page', () => {
  const erased = { ...EVENT, position: 43, data: null, gone: 'erased' as const };

  it('leaves out an event without its payload, and moves past it', () => {
    const answer = pageAnswer(
      { partition: 0, events: [EVENT, erased], through: 43, more: true },
      'application/json',
      'x',
    );
    const body = JSON.parse([answer.body].flat().join('')) as { events: object[]; cursor: string; more: boolean };
    expect(body.events).toEqual([JSON.parse(eventJson(EVENT))]);
    expect(decodeCursor(body.cursor)).toEqual({ partition: 0, position: 43 });
    expect(body.more).toBe(true);
  });

  it('has one line for each event, however the payload is laid out', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('\n', '\r\n', '\t'), (value, space) => {
        const data = JSON.stringify(value, null, 2).replaceAll('\n', space);
        const lines = pageLines({
          partition: 0,
          events: [{ ...EVENT, data }, erased, EVENT],
          through: 43,
          more: false,
        });
        const parsed = lines
          .join('')
          .split('\n')
          .map((line) => (line === '' ? undefined : (JSON.parse(line) as { data: unknown })));
        expect(parsed).toHaveLength(3);
        expect(parsed[0]?.data).toEqual(JSON.parse(data));
        expect(parsed[2]).toBeUndefined();
      }),
    );
  });
});
