import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const SOURCE = fileURLToPath(new URL('../../../src/in-test.ts', import.meta.url));
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
  lib: ['lib.es2022.d.ts'],
  types: [],
};

/** What the compiler says of a source text that stands in `src`. */
function diagnosticsOf(text: string): readonly string[] {
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists } = host;
  // Without the types of packages, which are most of the work and nothing of what is tested.
  host.fileExists = (name) => name === SOURCE || (!name.includes('/node_modules/') && fileExists(name));
  host.getSourceFile = (name, version, ...rest) =>
    name === SOURCE ? ts.createSourceFile(name, text, version) : getSourceFile(name, version, ...rest);
  const program = ts.createProgram([SOURCE], OPTIONS, host);
  const file = program.getSourceFile(SOURCE);
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
    ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}

test('a wrong field name, enum value or type in a message does not compile; the right ones do', {
  timeout: 60_000,
}, () => {
  const found = diagnosticsOf(`
    import type { MessageTypes } from './generated/messages.js';
    import type { encode } from './protobuf/messages.js';
    type Built = (...args: Parameters<typeof encode<'envoy.config.cluster.v3.Cluster'>>) => void;
    declare const build: Built;
    build('envoy.config.cluster.v3.Cluster', { name: 'a', connect_timeout: { seconds: 1 }, type: 'EDS' });
    build('envoy.config.cluster.v3.Cluster', { connectTimeout: { seconds: 1 } });
    build('envoy.config.cluster.v3.Cluster', { eds_cluster_config: { eds_confg: {} } });
    build('envoy.config.cluster.v3.Cluster', { type: 'EDSS' });
    build('envoy.config.cluster.v3.Cluster', { name: 5 });
    const name: keyof MessageTypes = 'envoy.config.cluster.v3.Clutser';
  `);
  expect(found).toEqual([
    expect.stringContaining("'connectTimeout' does not exist"),
    expect.stringContaining("'eds_confg' does not exist"),
    expect.stringContaining('\'"EDSS"\' is not assignable'),
    expect.stringContaining("'number' is not assignable"),
    expect.stringContaining('Clutser"\' is not assignable'),
  ]);
});
