import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for the files of this run; it goes when the run does. */
export function openWorkspace() {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  // `exit` handlers do not run on signals by themselves.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  return { file: (name) => join(folder, name) };
}
