import { PEER_CASES, type PeerFile } from './peer-cases.js';
import type { Rule } from './rules.js';
import { labelOf, variantsOf } from './variant.js';

/** What became of one test. */
export interface Outcome {
  readonly name: string;
  readonly file: string;
  readonly passed: boolean;
}

const HEAD = `# Conformance

The rules of the xDS transport protocol, each tested in every variant where it holds, over a real gRPC connection:
SotW and delta, on the aggregated stream (ads) and on the services of single types (sep). The rules are drawn from
[Envoy's xds_protocol document](https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol), gRPC's A27, A40
and A53, and what Envoy 1.40 does. MUST: a proxy misbehaves without it. SHOULD: costs or confuses. ROBUST: survives
what is wrong. PROD: what operators count on. Where there is no result the rule does not apply, or, for the server as a
whole, is tested once.

This page is written by the tests: \`npm test\`, or \`npx vitest run --project conformance\`.
`;

const FOREIGN = `## Suites that others wrote

\`npm run foreign\` runs them against the library, as users import it, and writes the tables of this section. It is not part of \`npm test\`. It needs
Go 1.25 or newer; \`test/foreign/go/go.sum\` pins the modules. The script keeps the built programs with the other peers.

- **go-control-plane's integration test** (\`pkg/test/main\`) runs as its authors wrote it, with their sample bootstraps. Its server stays behind
  ours: a server of our library mirrors what the program publishes there, and Envoy connects to ours alone. The program passes
  when, for each snapshot, all listeners answer in at least one batch of requests; it gives a request 100 ms, so a busy machine costs batches. Two more conditions are ours: Envoy has rejected nothing, and ends
  on the last snapshot alone.
- **go-control-plane's client** \`pkg/client/sotw/v3\`, by which Envoy's rate limit service follows its configurations.
- **[xds-test-harness](https://github.com/ii/xds-test-harness)**. Its module lacks generated code, so \`npm run foreign\` cannot build it. Name
  the program, with its folder \`features\` beside it, by \`SIGNALBOX_XDS_TEST_HARNESS\`; without that its variants count as skipped. It is not patched. Two of
  its assumptions are met on our side: it expects versions of its own choice, so the adapter sends each content hash as the version that was
  set when the hash was first sent, and maps it back; and it unsubscribes on one connection and changes the resource on
  another without a pause, so the adapter waits 300 ms before each change.

<!-- foreign -->
<!-- /foreign -->
`;

const ALL = variantsOf('all');

/** The page of all rules and what became of their tests; undefined unless every rule was tested in every variant. */
export function conformanceTable(
  rules: Readonly<Record<string, Rule>>,
  outcomes: readonly Outcome[],
): string | undefined {
  const checks = Object.entries(rules).flatMap(([id, rule]) =>
    variantsOf(rule.where).map((variant) => {
      const start = `${id} [${labelOf(rule.where, variant)}]`;
      const found = outcomes.filter(({ name }) => name.startsWith(start));
      return {
        id,
        variant,
        files: found.map(({ file }) => file),
        done: found.length > 0,
        ok: found.every(passed),
      };
    }),
  );
  if (checks.some(({ done }) => !done)) return undefined;
  const rows = Object.entries(rules).map(([id, { level, where, text }]) => {
    const own = checks.filter((check) => check.id === id);
    const results = ALL.map((variant) => {
      const check = own.find((entry) => entry.variant === variant);
      if (check === undefined) return where === 'once' ? '' : '–';
      return check.ok ? 'holds' : '**broken**';
    });
    const files = [...new Set(own.flatMap((check) => check.files))].sort();
    const links = files.map((file) => `[${file.split('/').at(-1)}](../${file})`).join(', ');
    return row([id, level, text.replaceAll('|', '\\|'), ...results, links]);
  });
  const broken = checks.filter(({ ok }) => !ok).length;
  const sum = `${rows.length} rules, ${checks.length} checks: ${checks.length - broken} hold, ${broken} broken.`;
  const columns = ['Rule', 'Level', 'What it says', ...ALL.map((variant) => labelOf('all', variant)), 'Test'];
  const head = [row(columns), row(columns.map(() => '---'))];
  return [HEAD, `**${sum}**`, '', ...head, ...rows, '', FOREIGN, ...peerSections(PEER_CASES)].join('\n');
}

const PEERS = `## The cases of other control planes' cache tests

What go-control-plane (2b88c1617) and java-control-plane (1c3f34c9) test of their caches and servers, by name, with what stands for it
here: rules of the table above, or tests.
`;

function peerSections(files: readonly PeerFile[]): readonly string[] {
  const cases = files.flatMap((file) => file.cases);
  const without = cases.filter(({ ours }) => ours.length === 0).length;
  const sum = `**${cases.length} entries: ${cases.length - without} with cases of ours, ${without} without, each with its reason.**`;
  const sections = files.map(({ project, file, cases: own }) => {
    const rows = own.map(({ name, ours, note = '' }) =>
      row([name, ours.map(linkOf).join(', ') || 'none', note]),
    );
    const head = [row(['Case', 'Ours', 'Note']), row(['---', '---', '---'])];
    return [`### ${project}: ${file}`, '', ...head, ...rows, ''].join('\n');
  });
  return [PEERS, sum, '', ...sections];
}

function linkOf(reference: string): string {
  const [file = '', title = file.split('/').at(-1)] = reference.split(' › ');
  return file.includes('/') ? `[${title}](../${file})` : reference;
}

function passed(outcome: Outcome): boolean {
  return outcome.passed;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
