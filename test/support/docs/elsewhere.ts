import type { Block } from './block.js';

/** A block of commands that the pages' test does not run. */
interface Elsewhere {
  readonly page: string;
  /** How the block begins; all commands of the page where nothing is said. */
  readonly begins?: string;
  /** The test that runs the same, from the root of the repository; without one it was tried by hand. */
  readonly test?: string;
  readonly why: string;
}

const DOCKER = 'needs Docker; tried by hand, as docs/docker.md tells';

export const ELSEWHERE: readonly Elsewhere[] = [
  {
    page: 'README.md',
    begins: 'npm run demo',
    test: 'test/real/demo.test.ts',
    why: 'runs until Ctrl-C, in the repository',
  },
  { page: 'README.md', begins: 'export SIGNALBOX_ADMIN_TOKEN', why: DOCKER },
  { page: 'README.md', begins: 'npm ci', test: 'scripts/test.mjs', why: 'the same, before any test' },
  { page: 'docs/docker.md', begins: 'export SIGNALBOX_ADMIN_TOKEN', why: DOCKER },
  { page: 'docs/docker.md', begins: 'docker compose up --detach', why: DOCKER },
  { page: 'docs/docker.md', begins: 'docker build ', why: DOCKER },
  { page: 'docs/docker.md', begins: 'docker buildx', why: 'needs Docker; never tried, which the page says' },
  {
    page: 'docs/command-line.md',
    begins: 'source <(signalbox completion bash)',
    test: 'test/component/cli/completion.test.ts',
    why: 'writes to the folders of three shells',
  },
  {
    page: 'docs/cookbook.md',
    test: 'test/real/cookbook.test.ts',
    why: 'each recipe with the configuration right before it, and samples of its own',
  },
  {
    page: 'docs/deployment.md',
    begins: 'npm ci',
    why: 'installs a service on the machine, with root; tried in a container',
  },
  {
    page: 'docs/deployment.md',
    begins: 'docker build',
    why: 'needs a Kubernetes cluster; not tried, which the page says',
  },
  {
    page: 'docs/quick-start.md',
    begins: 'npm ci',
    test: 'scripts/test.mjs',
    why: 'the same, before any test',
  },
  {
    page: 'docs/operations-safety.md',
    begins: 'signalbox relay --upstream xds.example',
    test: 'test/real/relay-tls.test.ts',
    why: 'needs certificates, and an address of its own',
  },
  {
    page: 'docs/quick-start.md',
    begins: 'python3 -m venv',
    test: 'test/peers/envoy.ts',
    why: 'downloads 50 MB; the same, once',
  },
  {
    page: 'docs/cookbook.md',
    test: 'test/real/cookbook.test.ts',
    why: 'each recipe is served by itself, with services that do what it is for',
  },
  {
    page: 'docs/library.md',
    begins: 'npm install signalbox',
    test: 'test/real/package.test.ts',
    why: 'the same with what would be published',
  },
];

export function isElsewhere(block: Block): boolean {
  return ELSEWHERE.some((entry) => isThis(entry, block));
}

export function isThis(entry: Elsewhere, block: Block): boolean {
  return block.language === 'sh' && block.page === entry.page && block.text.startsWith(entry.begins ?? '');
}
