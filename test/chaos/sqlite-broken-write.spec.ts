import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { transformSync } from '@swc/core';
import { closeHosts, committedIds, temporaryFile } from '../unit/database/host.js';

const compiledFolders: string[] = [];

afterEach(async () => {
  for (const folder of compiledFolders.splice(0)) rmSync(folder, { recursive: true, force: true });
  await closeHosts();
});

/** `src/database` as JavaScript, for a process of its own: it imports nothing but `node:*` at run time. */
function compileDatabase(): string {
  const source = fileURLToPath(new URL('../../src/database', import.meta.url));
  const target = mkdtempSync(join(tmpdir(), 'sqlite-turns-compiled-'));
  compiledFolders.push(target);
  writeFileSync(join(target, 'package.json'), '{"type":"module"}');
  for (const name of readdirSync(source)) {
    const { code } = transformSync(readFileSync(join(source, name), 'utf8'), {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'es6' },
    });
    writeFileSync(join(target, name.replace(/\.ts$/, '.js')), code);
  }
  return target;
}

describe('a disk that refuses the write at COMMIT', () => {
  it('makes host transaction and engine steps reject as retryable, keeps nothing of them, and goes on without restart', async () => {
    const file = temporaryFile();
    const script = fileURLToPath(new URL('./sqlite-broken-write.mjs', import.meta.url));
    // The limit counts blocks of 512 bytes or 1 KiB, by shell: 100 to 200 KiB. Its signal is ignored, so write() fails.
    const command = `trap '' XFSZ; ulimit -f 200; exec "$0" "$@"`;
    const { stdout } = await promisify(execFile)(
      'sh',
      ['-c', command, process.execPath, script, compileDatabase(), file],
      { cwd: dirname(script) },
    );
    const refused = { code: expect.stringMatching(/^SQLITE_(IOERR|FULL)/), retryable: true };
    expect(JSON.parse(stdout)).toEqual({
      reachedCommit: true,
      transaction: refused,
      steps: [refused, refused],
      health: { state: 'ready', holder: null, waiting: 0 },
      afterwards: ['committed', 'committed'],
    });
    expect(committedIds(file)).toEqual(['small', 'small-step']);
  });
});
