import { type Command, Option } from 'commander';
import { Secret } from '../config/secret.js';
import type { Address } from '../model/address.js';
import { count, seconds, target, unlessEmpty } from './option-values.js';
import type { Output } from './output.js';

const STANDARD: Address = { host: '127.0.0.1', port: 18001 };

interface AskFlags {
  readonly admin?: Address | '';
  readonly json?: true;
  readonly tokenFile?: string;
}

/**
 * The commands that ask a running instance over its admin address.
 * @param terminal what a live page is drawn on
 */
export function addAskCommands(
  program: Command,
  output: Output,
  terminal: Output,
  done: (code: number) => void,
): void {
  const ask = async <T>(
    path: string,
    text: (answer: T) => string,
    { admin, json, tokenFile }: AskFlags,
    method: 'GET' | 'POST' = 'GET',
  ) => {
    const { runAsk } = await import('./ask.js');
    const token = Secret.from(process.env.SIGNALBOX_ADMIN_TOKEN, tokenFile);
    const options = { admin: admin || STANDARD, json: json === true, method, token };
    done(await runAsk(path, text, options, output));
  };
  command(program, 'services', 'list the services with what is served and what is not').action(
    async (flags: AskFlags) => {
      const { servicesText } = await import('./views/services.js');
      await ask('/services', servicesText, flags);
    },
  );
  command(program, 'proxies', 'list the connected proxies and what they have accepted').action(
    async (flags: AskFlags) => {
      const { proxiesText } = await import('./views/proxies.js');
      await ask('/proxies', proxiesText, flags);
    },
  );
  command(program, 'top', 'show services with their load, registries and proxies, live on a terminal')
    .option('--once', 'print once and end; so it also does where the output is no terminal')
    .addOption(
      new Option('--interval <seconds>', 'how often to look').argParser(seconds).default(seconds('2'), '2'),
    )
    .action(
      async ({
        admin,
        json,
        once,
        interval,
        tokenFile,
      }: AskFlags & { readonly once?: true; readonly interval: number }) => {
        const { runTop } = await import('./top.js');
        const token = Secret.from(process.env.SIGNALBOX_ADMIN_TOKEN, tokenFile);
        const common = { admin: admin || STANDARD, json: json === true, token };
        done(await runTop({ ...common, once: once === true, interval }, output, terminal));
      },
    );
  command(program, 'explain', 'tell why a service, an instance or a route is served as it is')
    .argument('<what>', 'the name of a service, HOST:PORT of an instance, or the name or path of a route')
    .action(async (query: string, flags: AskFlags) => {
      const { explainText } = await import('./views/explain.js');
      await ask(`/explain?q=${encodeURIComponent(query)}`, explainText, flags);
    });
  command(
    program,
    'load',
    'tell which services, or which instances of one, are slow or err, as proxies report it',
  )
    .argument('[service]', 'the name of a service')
    .addOption(
      new Option('--sort <by>', 'what comes first')
        .choices(['errors', 'requests', 'latency'])
        .default('errors'),
    )
    .action(async (service: string | undefined, { sort, ...flags }: AskFlags & { readonly sort: string }) => {
      const { loadText, serviceLoadText } = await import('./views/load.js');
      if (service === undefined) await ask(`/load?sort=${sort}`, loadText, flags);
      else await ask(`/load/${encodeURIComponent(service)}?sort=${sort}`, serviceLoadText, flags);
    });
  command(program, 'diff', 'tell what the last published changes made different')
    .addOption(new Option('--back <n>', 'how many changes to look back').argParser(count).default(1))
    .action(async ({ back, ...flags }: AskFlags & { readonly back: number }) => {
      const { diffText } = await import('./views/diff.js');
      await ask(`/snapshots?back=${back}`, diffText, flags);
    });
  command(program, 'status', 'tell what stands between what is wanted and what is served').action(
    async (flags: AskFlags) => {
      const { statusText } = await import('./views/status.js');
      await ask('/release', statusText, flags);
    },
  );
  command(program, 'rollback', 'go back to an earlier version, until "unpin"')
    .argument('<version>', 'one of those that /snapshots lists, as "diff" prints them')
    .action(async (version: string, flags: AskFlags) => {
      const text = ({ pinned }: { readonly pinned: string }) => `Version ${pinned} is served now.\n`;
      await ask(`/snapshots/${encodeURIComponent(version)}/pin`, text, flags, 'POST');
    });
  command(program, 'unpin', 'go on to the newest version after "rollback"').action(
    async (flags: AskFlags) => {
      const text = ({ unpinned }: { readonly unpinned: boolean }) =>
        unpinned ? 'The newest version is served now.\n' : 'No version was pinned.\n';
      await ask('/unpin', text, flags, 'POST');
    },
  );
  command(
    program,
    'release',
    'believe a registry whose sudden loss of instances is held back, or go on without one that does not answer',
  )
    .argument('<registry>', 'the name of the registry in the configuration')
    .action(async (registry: string, flags: AskFlags) => {
      const text = ({ released }: { readonly released: number }) =>
        released === 0 ? `Nothing of ${registry} is held back.\n` : `What ${registry} says is served now.\n`;
      await ask(`/registries/${encodeURIComponent(registry)}/release`, text, flags, 'POST');
    });
}

function command(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .addOption(
      new Option('--admin <address>', 'the admin address of the running instance (default: 127.0.0.1:18001)')
        .env('SIGNALBOX_ADMIN_LISTEN')
        .argParser(unlessEmpty(target)),
    )
    .option(
      '--token-file <file>',
      'holds the token of the admin API (or SIGNALBOX_ADMIN_TOKEN, the token itself)',
    )
    .option('--json', 'print the answer as JSON');
}
