import { describe, expect, it } from '@jest/globals';
import { answerInTime } from '../../../src/producer/access/answer-in-time.js';
import { FieldRules } from '../../../src/producer/access/field-rules.js';
import { ReadRules } from '../../../src/producer/access/read-rules.js';
import type { EventTypesService, SensitiveType } from '../../../src/producer/subscriptions/event-types.service.js';

const FIELDS = [
  { pointer: '/email', scope: 'pii:read' },
  { pointer: '/iban', scope: 'bank:read' },
];
const TYPE: SensitiveType = { name: 'a', sensitiveFields: JSON.stringify(FIELDS) };

describe('the sensitive fields of a type', () => {
  const rules = new FieldRules([TYPE]);

  it('are withheld as far as the scopes do not open them', () => {
    const text = '{"email":1,"iban":2,"n":3}';
    const shown = (...scopes: string[]) => rules.viewOf('a', scopes)?.cutter.cut(text).text ?? text;
    expect(shown('events:read')).toBe('{"n":3}');
    expect(shown('events:read', 'pii:read')).toBe('{"email":1,"n":3}');
    expect(shown('pii:read', 'bank:read')).toBe(text);
    expect(rules.viewOf('b', [])).toBeUndefined();
  });

  it('make one view for all readers from whom the same is withheld, with a tag of its own', () => {
    expect(rules.viewOf('a', ['x:y', 'pii:read'])).toBe(rules.viewOf('a', ['pii:read']));
    const tags = [[], ['pii:read'], ['bank:read']].map((scopes) => rules.viewOf('a', scopes)?.tag);
    expect(new Set(tags).size).toBe(3);
  });
});

describe('the rules of reading', () => {
  function harness() {
    const state = {
      now: 0,
      types: [] as SensitiveType[],
      epoch: 0,
      reads: 0,
      cleared: 0,
      changed: () => undefined as void,
    };
    const eventTypes = {
      sensitive: async () => {
        state.reads++;
        return state.types;
      },
      onChange: (listener: () => void) => void (state.changed = listener),
    } as unknown as EventTypesService;
    const rules = new ReadRules(
      eventTypes,
      { erasures: { epoch: async () => state.epoch } } as unknown as ConstructorParameters<typeof ReadRules>[1],
      { now: () => state.now },
    );
    rules.onErased(() => state.cleared++);
    return { state, rules };
  }

  it('are read once a second, however often they are asked for, and are there at once in between', async () => {
    const { state, rules } = harness();
    await Promise.all([rules.now(), rules.now()]);
    state.now = 999;
    expect(rules.now()).toBeInstanceOf(FieldRules);
    expect(state.reads).toBe(1);
    state.types = [TYPE];
    state.now = 1_000;
    expect((await rules.now()).viewOf('a', [])).toBeDefined();
    expect(state.reads).toBe(2);
  });

  it('are the same ones, views and all, while nothing changes', async () => {
    const { state, rules } = harness();
    state.types = [TYPE];
    const first = await rules.now();
    state.now = 5_000;
    expect(await rules.now()).toBe(first);
  });

  it('are read anew at once after a change in this process', async () => {
    const { state, rules } = harness();
    await rules.now();
    state.types = [TYPE];
    state.changed();
    expect((await rules.now()).viewOf('a', [])).toBeDefined();
  });

  it('drop the copies of payloads before they are answered, when another node has erased some', async () => {
    const { state, rules } = harness();
    await rules.now();
    expect(state.cleared).toBe(0);
    state.epoch = 3;
    state.now = 1_000;
    const asked = Promise.resolve(rules.now()).then(() => state.cleared);
    expect(await asked).toBe(1);
    state.now = 2_000;
    await rules.now();
    expect(state.cleared).toBe(1);
  });

  it('that cannot be read let nothing be read', async () => {
    const { state, rules } = harness();
    await rules.now();
    state.now = 1_000;
    state.types = [{ name: 'a', sensitiveFields: 'not JSON' }];
    await expect(rules.now()).rejects.toThrow();
    await expect(rules.now()).rejects.toThrow();
  });
});

describe('an answer in time', () => {
  it('that is there at once needs no timer', async () => {
    expect(await answerInTime(1, () => 'now')).toBe('now');
  });

  it('that does not come is an error, and its signal aborts', async () => {
    let aborted: unknown;
    const late = answerInTime(1, (signal) => {
      signal.addEventListener('abort', () => (aborted = signal.reason));
      return new Promise<never>(() => undefined);
    });
    await expect(late).rejects.toMatchObject({ code: 'late_answer', message: 'No answer within 1 ms' });
    expect(aborted).toMatchObject({ code: 'late_answer' });
  });
});
