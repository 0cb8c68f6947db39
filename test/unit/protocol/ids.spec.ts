import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TypeID, typeid } from 'typeid-js';
import { type AnyId, type EventId, ID_PREFIX, IdGenerator, idTime, isId } from '../../../src/protocol/ids.js';

const NOW = Date.UTC(2026, 10, 23, 17, 30);
const prefixes = Object.values(ID_PREFIX);

/** A clock that says what `time` holds, and repeatable bytes. */
function manual(time = NOW) {
  const clock = { time };
  let asked = 0;
  const random = (size: number) => {
    const blocks = Array.from({ length: Math.ceil(size / 32) }, () =>
      createHash('sha256').update(String(asked++)).digest(),
    );
    return Buffer.concat(blocks).subarray(0, size);
  };
  return { clock, ids: new IdGenerator(() => clock.time, random) };
}

function expectStrictlyGrowing(ids: readonly string[]): void {
  const fault = ids.findIndex((id, index) => index > 0 && !((ids[index - 1] ?? '') < id));
  expect(fault === -1 ? 'growing' : ids.slice(fault - 1, fault + 1)).toBe('growing');
}

describe('an id', () => {
  it.each(prefixes)('of kind %s is what typeid-js makes of the same UUIDv7', (prefix) => {
    const ids = new IdGenerator();
    for (let count = 0; count < 200; count++) {
      const id = ids.next(prefix);
      const uuid = TypeID.fromString(id, prefix).toUUID();
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(TypeID.fromUUID(prefix, uuid).toString()).toBe(id);
      expect(isId(prefix, id)).toBe(true);
    }
  });

  it('holds the time that typeid-js reads from it, for every time that a UUIDv7 can hold', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (time) => {
        const id = new IdGenerator(() => time).next('evt');
        const uuid = TypeID.fromString(id).toUUID();
        expect(parseInt(uuid.replaceAll('-', '').slice(0, 12), 16)).toBe(time);
        expect(idTime(id)).toBe(time);
      }),
    );
  });

  it('reads as the TypeID specification says', () => {
    const known = 'evt_01h455vb4pex5vsknk084sn02q' as EventId;
    expect(isId('evt', known)).toBe(true);
    expect(idTime(known)).toBe(0x01890a5dac96);
    expect(isId('evt', `evt_7${'z'.repeat(25)}`)).toBe(true);
    expect(isId('evt', `evt_${'0'.repeat(26)}`)).toBe(true);
  });

  it('made by typeid-js is an id', () => {
    for (const prefix of prefixes) expect(isId(prefix, typeid(prefix).toString())).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a prefix alone', 'evt_'],
    ['another kind', 'ep_01h455vb4pex5vsknk084sn02q'],
    ['no prefix', '01h455vb4pex5vsknk084sn02q'],
    ['a prefix in capitals', 'EVT_01h455vb4pex5vsknk084sn02q'],
    ['capitals', 'evt_01H455VB4PEX5VSKNK084SN02Q'],
    ['25 characters', 'evt_01h455vb4pex5vsknk084sn02'],
    ['27 characters', 'evt_01h455vb4pex5vsknk084sn02q0'],
    ['more than 128 bits', 'evt_8zzzzzzzzzzzzzzzzzzzzzzzzz'],
    ['an i', 'evt_01h455vb4pex5vsknk084sn02i'],
    ['an l', 'evt_01h455vb4pex5vsknk084sn02l'],
    ['an o', 'evt_01h455vb4pex5vsknk084sn02o'],
    ['a u', 'evt_01h455vb4pex5vsknk084sn02u'],
    ['a hyphen', 'evt_01h455vb4pex5vsknk-84sn02q'],
    ['two underscores', 'evt__01h455vb4pex5vsknk084sn02'],
    ['a space before', ' evt_01h455vb4pex5vsknk084sn02q'],
    ['a line break after', 'evt_01h455vb4pex5vsknk084sn02q\n'],
    ['a UUID', 'evt_01890a5d-ac96-774b-bcce-b302099a8057'],
    ['a path', 'evt_01h455vb4pex5vsknk084sn02q/../x'],
  ])('is not %s', (_what, text) => {
    expect(isId('evt', text)).toBe(false);
  });
});

describe('the ids of a generator', () => {
  it('grow strictly within a millisecond, however many there are', () => {
    const { ids } = manual();
    const made = Array.from({ length: 20_000 }, () => ids.next('evt'));
    expectStrictlyGrowing(made);
  });

  it('have the clock as their time while at most 2,048 are made in a millisecond', () => {
    const { clock, ids } = manual();
    for (let millisecond = 0; millisecond < 20; millisecond++) {
      clock.time += 1;
      for (let count = 0; count < 2_048; count++) expect(idTime(ids.next('sig'))).toBe(clock.time);
    }
  });

  it('grow strictly when the clock steps back, and return to it once it has caught up', () => {
    const { clock, ids } = manual();
    const made: AnyId[] = Array.from({ length: 5_000 }, () => ids.next('evt'));
    clock.time -= 3_600_000;
    made.push(...Array.from({ length: 5_000 }, () => ids.next('evt')));
    const ahead = idTime(made.at(-1) as EventId) - NOW;
    expect(ahead).toBeGreaterThanOrEqual(0);
    expect(ahead).toBeLessThan(10);
    clock.time = NOW + 1_000;
    made.push(ids.next('evt'));
    expectStrictlyGrowing(made);
    expect(idTime(made.at(-1) as EventId)).toBe(NOW + 1_000);
  });

  it('grow strictly under any clock', () => {
    const steps = fc.array(
      fc.record({ by: fc.integer({ min: -50, max: 50 }), count: fc.constantFrom(1, 2, 10, 3_000) }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(steps, (moves) => {
        const { clock, ids } = manual();
        const made: string[] = [];
        for (const { by, count } of moves) {
          clock.time += by;
          for (let made_ = 0; made_ < count; made_++) made.push(ids.next('evt'));
        }
        expectStrictlyGrowing(made);
      }),
      { numRuns: 50 },
    );
  });

  it('grow across kinds as well', () => {
    const { ids } = manual();
    const made = Array.from({ length: 1_000 }, (_, index) => ids.next(prefixes[index % prefixes.length] ?? 'evt'));
    expectStrictlyGrowing(made.map((id) => id.slice(id.indexOf('_') + 1)));
  });

  it('differ between generators that share the clock', () => {
    const clock = () => NOW;
    const generators = Array.from({ length: 50 }, () => new IdGenerator(clock));
    const made = generators.flatMap((ids) => Array.from({ length: 2_000 }, () => ids.next('evt')));
    expect(new Set(made).size).toBe(made.length);
  });

  it('have 62 random bits each, every one of them on and off', () => {
    const ids = new IdGenerator(() => NOW);
    let ever = 0n;
    let always = (1n << 62n) - 1n;
    for (let count = 0; count < 500; count++) {
      const uuid = TypeID.fromString(ids.next('evt')).toUUID().replaceAll('-', '');
      const random = BigInt(`0x${uuid.slice(16)}`) & ((1n << 62n) - 1n);
      ever |= random;
      always &= random;
    }
    expect(ever).toBe((1n << 62n) - 1n);
    expect(always).toBe(0n);
  });
});

describe('a generator', () => {
  it('refuses a random source that gives too little, rather than making guessable ids', () => {
    const ids = new IdGenerator(Date.now, () => new Uint8Array(2));
    expect(() => ids.next('evt')).toThrow(RangeError);
  });

  it('refuses a clock that a UUIDv7 cannot hold', () => {
    expect(() => new IdGenerator(() => 2 ** 48).next('evt')).toThrow(RangeError);
  });

  it.each([-1, Number.NaN])('makes ids that grow even when its clock says %d', (time) => {
    const ids = new IdGenerator(() => time);
    const made = Array.from({ length: 5_000 }, () => ids.next('evt'));
    expectStrictlyGrowing(made);
    expect(made.every((id) => isId('evt', id))).toBe(true);
  });
});
