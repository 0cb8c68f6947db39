import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './documents.js';

/** What an application that uses the package has installed: the package's peers, and what it brings itself. */
const INSTALLED = [
  '@jest',
  '@nestjs',
  '@types',
  'better-sqlite3',
  'class-transformer',
  'class-validator',
  'reflect-metadata',
  'rxjs',
  'typeorm',
  'undici',
];

/** The package as npm would publish it, unpacked: what is not packed is not there. */
async function unpackInto(directory: string): Promise<void> {
  const packed = await mkdtemp(join(tmpdir(), 'signpost-pack-'));
  try {
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', packed], { cwd: ROOT, stdio: 'ignore' });
    const [tarball = ''] = await readdir(packed);
    await mkdir(directory);
    execFileSync('tar', ['-xzf', join(packed, tarball), '-C', directory, '--strip-components=1']);
  } finally {
    await rm(packed, { recursive: true, force: true });
  }
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
  noEmitOnError: true,
};

export interface Program {
  process: ChildProcess;
  /** What it has written to stdout and stderr. */
  output(): string;
}

/** A project of its own that has the packed package installed, and nothing else of this tree in reach. */
export class ReadmeProject {
  private readonly programs: ChildProcess[] = [];

  private constructor(readonly directory: string) {}

  static async create(files: Record<string, string>): Promise<ReadmeProject> {
    if (!existsSync(join(ROOT, 'dist/index.js'))) throw new Error('There is no dist: run npm run build first');
    const project = new ReadmeProject(await mkdtemp(join(tmpdir(), 'signpost-readme-')));
    const modules = join(project.directory, 'node_modules');
    await mkdir(modules);
    await unpackInto(join(modules, 'nestjs-signpost'));
    for (const name of INSTALLED) await symlink(join(ROOT, 'node_modules', name), join(modules, name));
    await writeFile(join(project.directory, 'package.json'), '{ "type": "module" }');
    for (const [name, text] of Object.entries(files)) await writeFile(join(project.directory, name), text);
    return project;
  }

  /** Compiles a TypeScript file and what it imports; answers what the compiler objects to. */
  compile(file: string): string[] {
    const program = ts.createProgram([join(this.directory, file)], {
      ...COMPILER,
      typeRoots: [join(ROOT, 'node_modules/@types')],
    });
    const diagnostics = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
    return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
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
