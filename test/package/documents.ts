import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the package begins. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const readDocument = (path: string): string => readFileSync(`${ROOT}/${path}`, 'utf8');

const markdownIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);

/** Everything that is written for people. */
export const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...markdownIn('docs'),
  ...markdownIn('examples'),
];

/** The text of the code block whose fence says "```language name". */
export function codeBlock(document: string, name: string): string {
  const found = new RegExp(`^\`\`\`\\w+ ${name}\\n(.*?)\\n\`\`\`$`, 'ms').exec(document)?.[1];
  if (found === undefined) throw new Error(`There is no code block "${name}"`);
  return found;
}

/** The code blocks of a language. */
export function codeBlocks(document: string, language: string): string[] {
  return [...document.matchAll(new RegExp(`^\`\`\`${language}\\b.*?\\n(.*?)\\n\`\`\`$`, 'gms'))].map(
    ([, text = '']) => text,
  );
}
