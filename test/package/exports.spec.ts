import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readDocument } from './documents.js';
import { ReadmeProject } from './readme-project.js';

const manifest = JSON.parse(readDocument('package.json')) as { exports: Record<string, unknown> };
const reference = readDocument('docs/api.md');

interface Documented {
  entry: string;
  /** What is there at run time. */
  values: string[];
  types: string[];
}

/** What docs/api.md lists, by entry. */
function documented(): Documented[] {
  return reference
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const entry = /^`(.*?)`/.exec(section)?.[1] ?? '';
      const listed = [...section.matchAll(/^- `(\w+)` \((\w+)\)/gm)].map(([, name = '', kind = '']) => ({
        name,
        kind,
      }));
      const isType = ({ kind }: { kind: string }) => kind === 'interface' || kind === 'type';
      return {
        entry,
        values: listed.filter((item) => !isType(item)).map(({ name }) => name),
        types: listed.filter(isType).map(({ name }) => name),
      };
    });
}

describe('the packed package, installed', () => {
  const entries = documented();
  let project: ReadmeProject;

  beforeAll(async () => {
    const files = entries.map(({ entry, values, types }, index) => [
      `entry-${index}.ts`,
      // A name that is not exported, or a type that does not resolve, is an error.
      `import { ${[...values, ...types.map((name) => `type ${name}`)].join(', ')} } from '${entry}';
       export const values = [${values.join(', ')}];`,
    ]);
    project = await ReadmeProject.create(Object.fromEntries(files) as Record<string, string>);
  });
  afterAll(() => project.remove());

  it('has the entries that are documented', () => {
    const paths = Object.keys(manifest.exports).filter((path) => path !== './package.json');
    expect(entries.map(({ entry }) => entry.replace('nestjs-signpost', '.'))).toEqual(paths);
  });

  it('resolves the types of every entry, down to the last one', () => {
    const files = entries.map((_, index) => `entry-${index}.ts`);
    expect(project.compile(files, { skipLibCheck: false })).toEqual([]);
  }, 60_000);

  it.each(entries)('exports at run time from $entry exactly what is documented', ({ entry, values }) => {
    const script = `import * as entry from '${entry}'; console.log(JSON.stringify(Object.keys(entry)))`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: project.directory,
      encoding: 'utf8',
    });
    expect((JSON.parse(output) as string[]).sort()).toEqual([...values].sort());
  });
});
