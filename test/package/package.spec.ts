import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { SIGNPOST_VERSION } from '../../src/index.js';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  bin: { signpost: string };
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};

describe('the package', () => {
  it('has the version that its signals carry', () => {
    expect(manifest.version).toBe(SIGNPOST_VERSION);
  });

  it('can be imported by name, as built, in plain Node', () => {
    const script = `import * as signpost from 'nestjs-signpost'; console.log(Object.keys(signpost).sort().join())`;
    const names = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
      .trim()
      .split(',');
    expect(names).toEqual(
      expect.arrayContaining(['Publisher', 'SignpostModule', 'ReceiversService', 'createFetchApiDocument']),
    );
  });

  it('has a command line that starts under its name', () => {
    expect(readFileSync(manifest.bin.signpost, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    const output = execFileSync(process.execPath, [manifest.bin.signpost, '--version'], { encoding: 'utf8' });
    expect(output.trim()).toBe(SIGNPOST_VERSION);
  });

  it('ships what it runs on and nothing else', () => {
    const listing = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const parsed = JSON.parse(listing) as
      { files: { path: string }[] }[] | Record<string, { files: { path: string }[] }>;
    const files = Object.values(parsed).flatMap(({ files: packed }) => packed.map(({ path }) => path));
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/index.js',
        'dist/index.d.ts',
        'dist/main.js',
        'dist/cli/main.js',
        'docs/openapi.json',
        'README.md',
        'LICENSE',
      ]),
    );
    expect(files.filter((path) => /^(test|bench|examples|scripts|src|\.ci)\//.test(path))).toEqual([]);
  });

  it('asks of its host what the built code imports, and brings the rest', () => {
    const imported = new Set<string>();
    const sources = execFileSync('grep', ['-rhoE', `from '[^.][^']*'`, 'dist', '--include=*.js'], { encoding: 'utf8' });
    for (const [, name = ''] of sources.matchAll(/from '([^']+)'/g)) {
      if (name.startsWith('node:')) continue;
      imported.add(name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? name));
    }
    const declared = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]);
    expect([...imported].filter((name) => !declared.has(name))).toEqual([]);
  });

  it('makes nobody install Nest or a database for the client', () => {
    const required = Object.keys(manifest.peerDependencies).filter((name) => {
      return manifest.peerDependenciesMeta[name]?.optional !== true;
    });
    expect(required).toEqual([]);
  });
});
