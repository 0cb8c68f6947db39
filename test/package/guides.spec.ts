import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { codeBlock, DOCUMENTS, readDocument } from './documents.js';
import { ReadmeProject } from './readme-project.js';

/** The blocks whose fence names a file: "```js examples/…". */
function quotations(document: string): { path: string; text: string }[] {
  const fences = readDocument(document).matchAll(/^```\w+ (examples\/\S+)\n(.*?)^```$/gms);
  return [...fences].map(([, path = '', text = '']) => ({ path, text }));
}

const withoutIndent = (text: string): string => text.replaceAll(/^[ \t]+/gm, '').trim();

describe('the guides', () => {
  const quoted = DOCUMENTS.flatMap((document) => quotations(document).map((quotation) => ({ document, ...quotation })));

  it('quote the examples', () => {
    const examples = new Set(quoted.map(({ path }) => path.split('/')[1]));
    expect([...examples].sort()).toEqual(['any-framework', 'github-bridge', 'lead-form-to-crm', 'plain-node-receiver']);
    expect(quoted.length).toBeGreaterThanOrEqual(9);
  });

  it.each(quoted)('$document shows $path as it is', ({ path, text }) => {
    expect(withoutIndent(readDocument(path))).toContain(withoutIndent(text));
  });
});

const guide = readDocument('docs/receivers.md');

/** The guide's fragments, each in the surroundings that its text says it has. */
const FRAGMENTS = `
import { Injectable, Module } from '@nestjs/common';
import {
  HandleEvent, InboxService, SignpostReceiverModule,
  type ProducerOptions, type ReceivedEvent, type SigningOptions,
} from 'nestjs-signpost/receiver';

interface Invoice { id: number; cents: number }
interface Mailer { send(message: object): Promise<void> }

export class Receipts {
  constructor(private readonly mailer: Mailer) {}
${codeBlock(guide, 'handler')}
}

${codeBlock(guide, 'service').replace('class InboxAdmin', 'export class InboxAdmin')}

export function modules(billing: ProducerOptions, billingSigning: SigningOptions, shop: ProducerOptions, shopSigning: SigningOptions) {
  return [
${codeBlock(guide, 'several-producers')}
${codeBlock(guide, 'registration')}
  ];
}
@Module({})
export class Unused {}
`;

const [importing = '', ...checking] = codeBlock(guide, 'other-schemes').split('\n');
const OTHER_SCHEMES = `
import type { IncomingMessage } from 'node:http';
import type { Ed25519Jwk } from 'nestjs-signpost/client';
${importing}

export function check(request: IncomingMessage, rawBody: Buffer, url: string, secret: string, jwks: { keys: Ed25519Jwk[] }): string {
${checking.join('\n')}
  return id;
}
`;

describe('the code of docs/receivers.md', () => {
  let project: ReadmeProject;

  beforeAll(async () => {
    project = await ReadmeProject.create({
      'fragments.ts': FRAGMENTS,
      'client.ts': codeBlock(guide, 'client'),
      'other-schemes.ts': OTHER_SCHEMES,
    });
  });
  afterAll(() => project.remove());

  it.each(['fragments.ts', 'client.ts', 'other-schemes.ts'])('compiles under a strict compiler: %s', (file) => {
    expect(project.compile(file)).toEqual([]);
  });
});

const testing = readDocument('docs/testing.md');

describe('the code of docs/testing.md', () => {
  const names = ['signal', 'producer', 'module'];
  let project: ReadmeProject;

  beforeAll(async () => {
    const files = names.map((name) => [`${name}.ts`, codeBlock(testing, name)]);
    project = await ReadmeProject.create(Object.fromEntries(files) as Record<string, string>);
  });
  afterAll(() => project.remove());

  it.each(names)('compiles under a strict compiler: %s', (name) => {
    expect(project.compile(`${name}.ts`)).toEqual([]);
  });
});
