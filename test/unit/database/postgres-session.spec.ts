import { describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { dataSourceConnections, PostgresSession } from '../../../src/database/postgres-session.js';

/** A pool whose connections answer by `answer`; a thrown error is what the database says. */
function pool(answer: (text: string) => void) {
  const seen = { texts: [] as string[], taken: 0, released: 0, ended: 0 };
  const client = {
    query: async (text: string) => {
      seen.texts.push(text.split(' ', 1)[0] ?? '');
      answer(text);
      return Promise.resolve({ rows: [], rowCount: 0 });
    },
    end: () => Promise.resolve(void seen.ended++),
  };
  const createQueryRunner = () => {
    seen.taken++;
    return { connect: () => Promise.resolve(client), release: () => Promise.resolve(void seen.released++) };
  };
  return { seen, session: new PostgresSession(dataSourceConnections({ createQueryRunner } as unknown as DataSource)) };
}

const failing = (times: number, code: string, on: string) => (text: string) => {
  if (text.startsWith(on) && times-- > 0) throw Object.assign(new Error(code), { code });
};

describe('a session on PostgreSQL', () => {
  it.each(['40001', '40P01'])('begins again what the database broke off with %s', async (code) => {
    const { session, seen } = pool(failing(2, code, 'UPDATE'));
    await session.transaction((client) => client.query('UPDATE'));
    expect(seen.texts.join(' ')).toBe('BEGIN UPDATE ROLLBACK BEGIN UPDATE ROLLBACK BEGIN UPDATE COMMIT');
    await session.query('SELECT');
    expect(seen.released).toBe(seen.taken);
  });

  it('begins again when the COMMIT is refused', async () => {
    const { session, seen } = pool(failing(1, '40001', 'COMMIT'));
    await session.transaction((client) => client.query('UPDATE'));
    expect(seen.texts.join(' ')).toBe('BEGIN UPDATE COMMIT ROLLBACK BEGIN UPDATE COMMIT');
  });

  it('gives up after five tries, and at once on any other error', async () => {
    const unlucky = pool(failing(99, '40001', 'UPDATE'));
    await expect(unlucky.session.query('UPDATE')).rejects.toMatchObject({ code: '40001' });
    expect(unlucky.seen.texts).toHaveLength(5);
    const wrong = pool(failing(99, '42P01', 'UPDATE'));
    await expect(wrong.session.query('UPDATE')).rejects.toMatchObject({ code: '42P01' });
    expect(wrong.seen.texts).toHaveLength(1);
    expect(wrong.seen.released).toBe(1);
  });

  it('closes a connection that did not take the ROLLBACK, and says what went wrong first', async () => {
    const { session, seen } = pool((text) => {
      if (text !== 'BEGIN ISOLATION LEVEL READ COMMITTED') throw new Error(text);
    });
    await expect(session.transaction((client) => client.query('UPDATE'))).rejects.toThrow('UPDATE');
    expect(seen).toMatchObject({ ended: 1, released: 1 });
  });
});
