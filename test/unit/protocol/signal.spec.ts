import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeCursor } from '../../../src/protocol/cursor.js';
import { IdGenerator } from '../../../src/protocol/ids.js';
import { InvalidSignalError, parseSignal, type Signal } from '../../../src/protocol/signal.js';

const ids = new IdGenerator();
const endpoint = ids.next('ep');
const timestamp = '2026-11-23T17:30:00.000Z';

const available: Signal = {
  type: 'events.available',
  timestamp,
  data: {
    endpoint,
    events: [
      { id: ids.next('evt'), type: 'invoice.paid' },
      { id: ids.next('evt'), type: 'invoice.line.added' },
    ],
    after: encodeCursor({ partition: 0, position: 40 }),
    cursor: encodeCursor({ partition: 0, position: 42 }),
    more: false,
  },
};
const signals: Signal[] = [
  available,
  { type: 'endpoint.verification', timestamp, data: { endpoint, challenge: 'abc' } },
  { type: 'endpoint.test', timestamp, data: { endpoint } },
  { type: 'endpoint.disabled', timestamp, data: { endpoint, reason: 'gone' } },
  { type: 'endpoint.enabled', timestamp, data: { endpoint } },
];

function refusal(text: string): InvalidSignalError {
  try {
    parseSignal(text);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidSignalError);
    return error as InvalidSignalError;
  }
  throw new Error('it was taken for a signal');
}

/** The signal of new events, with the member at `path` replaced, or taken out when the value is undefined. */
function altered(path: string, value: unknown): string {
  const copy = JSON.parse(JSON.stringify(available)) as Record<string, unknown>;
  const keys = path.split('/').slice(1);
  const last = keys.pop() ?? '';
  const holder = keys.reduce((at, key) => at[key] as Record<string, unknown>, copy);
  holder[last] = value;
  return JSON.stringify(copy);
}

describe('a signal', () => {
  it.each(signals)('of type $type is read as it was written', (signal) => {
    expect(parseSignal(JSON.stringify(signal))).toEqual(signal);
  });

  it.each(signals)('of type $type may have members that this version does not know; they are left out', (signal) => {
    const wider = { ...signal, version: 2, data: { ...signal.data, hint: { url: 'https://example.com' } } };
    expect(parseSignal(JSON.stringify(wider))).toEqual(signal);
  });

  it('may name events with members that this version does not know', () => {
    const wider = altered('/data/events/0', { id: available.data.events[0]?.id, type: 'invoice.paid', subject: 'x' });
    expect(parseSignal(wider)).toEqual(available);
  });

  it.each([
    ['/type', undefined],
    ['/type', 7],
    ['/timestamp', undefined],
    ['/timestamp', ''],
    ['/timestamp', 1614265330],
    ['/timestamp', '2026-11-23'],
    ['/timestamp', '2026-13-23T17:30:00.000Z'],
    ['/timestamp', '2026-11-23T17:30:00.000+01:00'],
    ['/data', undefined],
    ['/data', null],
    ['/data', []],
    ['/data', 'text'],
    ['/data/endpoint', undefined],
    ['/data/endpoint', 'evt_01h455vb4pex5vsknk084sn02q'],
    ['/data/events', undefined],
    ['/data/events', []],
    ['/data/events', {}],
    ['/data/events/1', null],
    ['/data/events/1', 'evt_01h455vb4pex5vsknk084sn02q'],
    ['/data/events/1/id', undefined],
    ['/data/events/1/id', '../admin'],
    ['/data/events/1/type', undefined],
    ['/data/events/1/type', 'not a type'],
    ['/data/after', undefined],
    ['/data/after', 40],
    ['/data/cursor', ''],
    ['/data/more', undefined],
    ['/data/more', 'false'],
  ])('is refused when %s is %j', (path, value) => {
    expect(refusal(altered(path, value))).toMatchObject({
      code: 'invalid_signal',
      reason: 'bad_member',
      pointer: path,
    });
  });

  it.each([
    ['endpoint.verification', '/data/challenge'],
    ['endpoint.disabled', '/data/reason'],
  ])('of type %s is refused without %s', (type, pointer) => {
    expect(refusal(JSON.stringify({ type, timestamp, data: { endpoint } }))).toMatchObject({
      reason: 'bad_member',
      pointer,
    });
  });

  it('of a type that is not known says so, since a newer producer may be right', () => {
    expect(refusal(JSON.stringify({ type: 'endpoint.moved', timestamp, data: {} }))).toMatchObject({
      reason: 'unknown_type',
    });
    expect(refusal(JSON.stringify({ type: 'toString', timestamp, data: {} }))).toMatchObject({
      reason: 'unknown_type',
    });
  });

  it('is refused as not JSON, with the cause', () => {
    const error = refusal('{"type": ');
    expect(error).toMatchObject({ reason: 'not_json', pointer: '' });
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('is never any other JSON, and nothing but InvalidSignalError is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        refusal(text);
      }),
    );
  });

  it('with hostile members leaves no trace on prototypes', () => {
    const text = JSON.stringify(available).replace('{', '{"__proto__":{"polluted":true},');
    expect(parseSignal(text)).toEqual(available);
    expect({}).not.toHaveProperty('polluted');
  });
});
