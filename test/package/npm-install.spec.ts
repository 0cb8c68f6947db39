import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { nestPackages, payments, PRODUCER_FILES, RECEIVER_FILES } from './readme-apps.js';
import { ReadmeProject } from './readme-project.js';

/** Asks the registry, and takes a minute: `npm run chaos` does it. */
const WANTED = process.env['SIGNPOST_REQUIRE_INSTALL'] === '1';
if (!WANTED) {
  process.stderr.write('Without SIGNPOST_REQUIRE_INSTALL=1 the test that installs the package with npm is left out.\n');
}

const WHOLE = { skipLibCheck: false };

(WANTED ? describe : describe.skip)('npm install, of the packed package', () => {
  const projects: ReadmeProject[] = [];
  afterEach(() => Promise.all(projects.splice(0).map((project) => project.remove())));

  async function installed(files: Record<string, string>, packages: string[]): Promise<ReadmeProject> {
    const project = await ReadmeProject.install(files, packages);
    projects.push(project);
    return project;
  }

  it('into an empty Nest application of each side gives two that compile, start, and understand each other', async () => {
    const [producer, receiver] = await Promise.all([
      installed(PRODUCER_FILES, nestPackages('nestjs-signpost')),
      installed(RECEIVER_FILES, nestPackages('nestjs-signpost/receiver')),
    ]);
    expect(producer.compile('producer-main.ts', WHOLE)).toEqual([]);
    expect(receiver.compile('receiver-main.ts', WHOLE)).toEqual([]);
    expect(await payments(producer, receiver, [4200])).toMatchObject([{ invoice: '1', cents: 4200 }]);
  }, 300_000);

  it('into an empty folder brings no Nest and no database', async () => {
    const project = await installed({ 'client.ts': `export * from 'nestjs-signpost/client';` }, []);
    expect(project.compile('client.ts', WHOLE)).toEqual([]);
    const there = (name: string) => existsSync(join(project.directory, 'node_modules', name));
    expect(['nestjs-signpost', 'undici', '@nestjs', 'typeorm', 'better-sqlite3', 'pg'].filter(there)).toEqual([
      'nestjs-signpost',
      'undici',
    ]);
  }, 120_000);
});
