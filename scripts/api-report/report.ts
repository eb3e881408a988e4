import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../..');

/** Where the report is kept. */
export const REPORT = resolve(root, 'etc/signalbox.api.md');

const HEAD = `# What \`signalbox\` exports

Made by \`npm run api\` after \`npm run build\`; a test fails when it is stale. A change here that takes something away, or
asks for more than before, is a breaking change: see [CHANGELOG.md](../CHANGELOG.md).
`;

/** The declarations of everything that the entry points export, in the order of their names. */
export function apiReport(): string {
  const { exports } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, { readonly types: string }>>;
  };
  const entries = Object.entries(exports).map(([name, { types }]) => ({
    name: name.replace('.', 'signalbox'),
    file: resolve(root, types),
  }));
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: [],
      noLib: true,
    },
  );
  const sections = entries.map(
    ({ name, file }) => `## ${name}\n\n\`\`\`ts\n${declarations(program, file)}\n\`\`\`\n`,
  );
  return [HEAD, ...sections].join('\n');
}

function declarations(program: ts.Program, file: string): string {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is missing: npm run build`);
  return checker
    .getExportsOfModule(module)
    .map((symbol) => ({
      name: symbol.name,
      // What an entry point exports is declared elsewhere.
      meant: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ meant }) => (meant.declarations ?? []).map(printed))
    .join('\n\n');
}

const printer = ts.createPrinter({ removeComments: true });

function printed(declaration: ts.Declaration): string {
  // A variable's declaration stands two levels below its statement.
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return printer
    .printNode(ts.EmitHint.Unspecified, node, declaration.getSourceFile())
    .split('\n')
    .filter((line) => !/^\s*(#private|private )/.test(line))
    .join('\n');
}
