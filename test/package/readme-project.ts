import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { readDocument, ROOT } from './documents.js';

/** What npm installs with the package by itself: its dependencies, and theirs that are types. */
const BROUGHT = ['@types/better-sqlite3', '@types/node', 'lru-cache', 'undici'];
/** What there may be beside it: every peer, and what tests are written with. */
const EVERYTHING = [
  '@jest/globals',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/swagger',
  '@nestjs/typeorm',
  'better-sqlite3',
  'class-transformer',
  'class-validator',
  'reflect-metadata',
  'rxjs',
  'typeorm',
];

/** The package as npm would publish it: what is not packed is not there. Answers the file. */
async function packInto(directory: string): Promise<string> {
  if (!existsSync(join(ROOT, 'dist/index.js'))) throw new Error('There is no dist: run npm run build first');
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { cwd: ROOT, stdio: 'ignore' });
  const file = (await readdir(directory)).find((name) => name.endsWith('.tgz'));
  if (file === undefined) throw new Error('npm pack has packed nothing');
  return join(directory, file);
}

/** This tree's version, so that there is nothing to look up. */
function exactly(name: string): string {
  const { version } = JSON.parse(readDocument(`node_modules/${name}/package.json`)) as { version: string };
  return `${name}@${version}`;
}

const COMPILER: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: true,
};

const OF_OTHERS = /\/node_modules\/(?!nestjs-signpost\/)/;

export interface Program {
  process: ChildProcess;
  /** What it has written to stdout and stderr. */
  output(): string;
}

/** A project of its own that has the packed package installed, and nothing else of this tree in reach. */
export class ReadmeProject {
  private readonly programs: ChildProcess[] = [];

  private constructor(readonly directory: string) {}

  /**
   * Unpacks the package beside those that are named, and only those: they are links into this tree, which keep their own dependencies, and
   * the package finds nothing else.
   */
  static async create(files: Record<string, string>, packages: readonly string[] = EVERYTHING): Promise<ReadmeProject> {
    const project = await ReadmeProject.empty(files);
    const modules = join(project.directory, 'node_modules');
    const unpacked = join(modules, 'nestjs-signpost');
    await mkdir(unpacked, { recursive: true });
    execFileSync('tar', ['-xzf', await packInto(project.directory), '-C', unpacked, '--strip-components=1']);
    for (const name of [...BROUGHT, ...packages]) {
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(ROOT, 'node_modules', name), join(modules, name));
    }
    return project;
  }

  /** Has npm install the package and those that are named, as their users would. Asks the registry. */
  static async install(files: Record<string, string>, packages: readonly string[]): Promise<ReadmeProject> {
    const project = await ReadmeProject.empty(files);
    const { directory } = project;
    const tarball = await packInto(directory);
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    execFileSync('npm', ['install', ...flags, tarball, ...packages.map(exactly)], { cwd: directory, stdio: 'pipe' });
    // Compiled when this tree was installed; the same version, so the same addon.
    const addon = 'node_modules/better-sqlite3/build';
    if (packages.includes('better-sqlite3')) await symlink(join(ROOT, addon), join(directory, addon));
    return project;
  }

  private static async empty(files: Record<string, string>): Promise<ReadmeProject> {
    const project = new ReadmeProject(await mkdtemp(join(tmpdir(), 'signpost-readme-')));
    await writeFile(join(project.directory, 'package.json'), '{ "type": "module" }');
    for (const [name, text] of Object.entries(files)) await writeFile(join(project.directory, name), text);
    return project;
  }

  /**
   * Compiles a TypeScript file and what it imports; answers what the compiler objects to. With `skipLibCheck: false` the package's own types
   * must be sound as well, which takes twice as long; those of others are theirs.
   */
  compile(file: string, options: Pick<ts.CompilerOptions, 'skipLibCheck'> = {}): string[] {
    const program = ts.createProgram([join(this.directory, file)], {
      ...COMPILER,
      ...options,
      typeRoots: [join(this.directory, 'node_modules/@types')],
    });
    const diagnostics = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
    const ours = diagnostics.filter(({ file: at }) => !at || !OF_OTHERS.test(at.fileName));
    return ours.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  }

  start(script: string, env: Record<string, string>): Program {
    const process = fork(script, {
      cwd: this.directory,
      // A test runner's own flags are not for the program.
      execArgv: [],
      env: { PATH: globalThis.process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.programs.push(process);
    let output = '';
    for (const stream of [process.stdout, process.stderr])
      stream?.on('data', (text: Buffer) => (output += text.toString()));
    return { process, output: () => output };
  }

  async remove(): Promise<void> {
    for (const program of this.programs) {
      if (program.exitCode !== null || program.signalCode !== null) continue;
      const gone = new Promise((resolve) => program.once('exit', resolve));
      program.kill('SIGKILL');
      await gone;
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A port of the loopback interface that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port was given');
  return address.port;
}
