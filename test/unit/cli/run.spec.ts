import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { run } from '../../../src/cli/run.js';
import { Sealer } from '../../../src/producer/subscriptions/sealing.js';
import { SIGNPOST_VERSION } from '../../../src/protocol/version.js';

const key = (n: number) => Buffer.alloc(32, n).toString('base64');

describe('signpost', () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signpost-cli-'));
    env = { DATABASE_URL: `sqlite:${join(directory, 'signpost.db')}` };
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** What a command line writes and answers. */
  const signpost = async (args: string[], over: NodeJS.ProcessEnv = {}) => {
    const written = { out: [] as string[], err: [] as string[] };
    const code = await run(args, {
      env: { ...env, ...over },
      out: (text) => void written.out.push(text),
      err: (text) => void written.err.push(text),
    });
    return { code, out: written.out.join('\n'), err: written.err.join('\n') };
  };

  it('lists its commands, and explains each', async () => {
    for (const args of [['--help'], ['-h'], ['help']]) {
      const { code, out } = await signpost(args);
      expect(code).toBe(0);
      expect(out).toMatch(/serve .*\n.*migrate .*\n.*rotate-master-key /);
    }
    for (const name of ['serve', 'migrate', 'rotate-master-key']) {
      for (const help of ['--help', '-h']) {
        const { code, out, err } = await signpost([name, help]);
        expect([code, err]).toEqual([0, '']);
        expect(out).toContain(`Usage: signpost ${name}`);
      }
    }
    expect(await signpost(['--version'])).toEqual({ code: 0, out: SIGNPOST_VERSION, err: '' });
    expect(await signpost([])).toMatchObject({ code: 2, out: expect.stringContaining('Usage') });
  });

  it.each([
    [['nonsense'], 'There is no command "nonsense"'],
    [['--nonsense'], 'There is no command "--nonsense"'],
    [['migrate', '--nonsense'], "Unknown option '--nonsense'"],
    [['migrate', '-x'], "Unknown option '-x'"],
    [['migrate', 'nonsense'], "Unexpected argument 'nonsense'"],
    [['serve', '--help=3'], "Option '-h, --help' does not take an argument"],
  ])('does not guess what %j means: one line and exit code 2', async (args, line) => {
    const { code, out, err } = await signpost(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(line);
    expect(err).not.toContain('\n');
  });

  it('says in one line what stands in the way, with exit code 1', async () => {
    for (const args of [['serve'], ['migrate']]) {
      const { code, err } = await signpost(args, { DATABASE_URL: 'mysql://secret@db' });
      expect([code, err.split('\n').length]).toEqual([1, 1]);
      expect(err).toMatch(/^signpost: DATABASE_URL: must be/);
      expect(err).not.toContain('secret');
    }
  });

  it('migrates, and says so once', async () => {
    expect(await signpost(['migrate'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('InitialSchema1764000000000'),
    });
    expect(await signpost(['migrate'])).toEqual({ code: 0, out: 'The tables are up to date', err: '' });
  });

  it('asks for both keys before it rotates the master key', async () => {
    expect(await signpost(['rotate-master-key'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/MASTER_KEY: give/),
    });
    const previous = { SIGNPOST_MASTER_KEY: key(2) };
    expect(await signpost(['rotate-master-key'], previous)).toMatchObject({
      code: 2,
      err: expect.stringContaining('SIGNPOST_PREVIOUS_MASTER_KEYS: give'),
    });
    const bad = { ...previous, SIGNPOST_PREVIOUS_MASTER_KEYS: `${key(1)},short` };
    const { code, err } = await signpost(['rotate-master-key'], bad);
    expect([code, err]).toEqual([1, expect.stringContaining('must be a list of master keys')]);
    expect(err).not.toContain(key(1));
  });

  it('rotates the master key, and says whether the former one can go', async () => {
    const keys = { SIGNPOST_MASTER_KEY: key(2), SIGNPOST_PREVIOUS_MASTER_KEYS: ` ${key(1)} ` };
    await signpost(['migrate']);
    const dataSource = await new DataSource({
      type: 'better-sqlite3',
      database: join(directory, 'signpost.db'),
    }).initialize();
    const seal = async (id: string, by: number) => {
      const sealed = new Sealer(key(by)).seal('https://example.com/', `${id}/url`);
      await dataSource.query('PRAGMA foreign_keys = OFF');
      await dataSource.sql`INSERT INTO signpost_endpoint (id, receiver_id, tenant, url_sealed, url_shown, event_types, max_events_per_signal,
          min_interval_ms, confirm, signature, state, start_position, version, created_at, updated_at)
        VALUES (${id}, 'rcv', 'default', ${sealed}, '', '[]', 1, 0, 'fetch', 'standard', 'active', 0, 1, 0, 0)`;
    };
    await seal('ep_1', 1);
    await seal('ep_2', 2);
    expect(await signpost(['rotate-master-key'], keys)).toEqual({
      code: 0,
      out: expect.stringMatching(/^Sealed anew: 1 values\nEverything is under the new master key/),
      err: '',
    });
    await seal('ep_3', 3);
    await dataSource.destroy();
    const { code, out, err } = await signpost(['rotate-master-key'], keys);
    expect([code, out]).toEqual([1, 'Sealed anew: 0 values']);
    expect(err).toBe(
      `1 values of signpost_endpoint.url_sealed are under master key ${new Sealer(key(3)).keyId}, which is none of those given`,
    );
  });
});
