// Writes docs/api.md: every export of the package's entries with the first sentence of its comment. `--check`: fails if the file is not up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';

const file = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const REFERENCE = file('docs/api.md');

const ENTRIES = [
  ['nestjs-signpost', 'src/index.ts', 'The producer’s side.'],
  ['nestjs-signpost/receiver', 'src/receiver/index.ts', 'The receiver’s side, in Nest.'],
  ['nestjs-signpost/client', 'src/receiver/client/index.ts', 'The receiver’s side, in any Node framework.'],
  ['nestjs-signpost/testing', 'src/testing/index.ts', 'For tests of either side.'],
];

const INTRODUCTION = `# What the package exports

Nothing else is public. Made from the source by \`npm run docs\`; the guides are [the module](module.md), [receiving](receivers.md) and [testing](testing.md).
`;

/** Of `export type { … }`: not there at run time, whatever it is. */
const isTypeOnly = ({ declarations = [] }) =>
  declarations.some((node) => ts.isExportSpecifier(node) && (node.isTypeOnly || node.parent.parent.isTypeOnly));

function kindOf({ flags }) {
  if (flags & ts.SymbolFlags.Class) return 'class';
  if (flags & ts.SymbolFlags.Function) return 'function';
  if (flags & ts.SymbolFlags.Interface) return 'interface';
  if (flags & ts.SymbolFlags.TypeAlias) return 'type';
  return 'constant';
}

/** Up to the first full stop that ends a sentence, on one line. */
function firstSentence(symbol, checker) {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker)).replaceAll(/\s+/g, ' ').trim();
  return /^.*?[.!?](?= [A-Z`]|$)/.exec(text)?.[0] ?? text;
}

function undocumented(entry, exported) {
  console.error(`${exported} of ${entry} has no comment that says what it is`);
  process.exitCode = 1;
  return '';
}

function reference() {
  const { config } = ts.readConfigFile(file('tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, file('.'));
  const program = ts.createProgram(
    ENTRIES.map(([, path]) => file(path)),
    options,
  );
  const checker = program.getTypeChecker();
  const sections = ENTRIES.map(([name, path, what]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file(path)));
    const rows = checker
      .getExportsOfModule(module)
      .toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
      .map((exported) => {
        const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
        const kind = isTypeOnly(exported) && kindOf(symbol) !== 'interface' ? 'type' : kindOf(symbol);
        const sentence = firstSentence(symbol, checker) || undocumented(name, exported.name);
        return `- \`${exported.name}\` (${kind}): ${sentence}`;
      });
    return `## \`${name}\`\n\n${what}\n\n${rows.join('\n')}\n`;
  });
  return [INTRODUCTION, ...sections].join('\n');
}

const text = await format(reference(), { ...(await resolveConfig(REFERENCE)), filepath: REFERENCE });
if (process.argv.includes('--check')) {
  if (!existsSync(REFERENCE) || readFileSync(REFERENCE, 'utf8') !== text) {
    console.error('docs/api.md is not what the source exports: run npm run docs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(REFERENCE, text);
}
