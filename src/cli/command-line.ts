import { readFileSync } from 'node:fs';
import { Argument, Command, CommanderError, Option } from 'commander';
import { SignalboxError } from '../errors.js';
import type { Address } from '../model/address.js';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../telemetry/log-level.js';
import type { ProcessFaults } from '../telemetry/process-faults.js';
import type { StartApp } from './app-handle.js';
import { addAskCommands } from './ask-commands.js';
import type { BootstrapOptions } from './bootstrap.js';
import { SHELLS, type Shell } from './completion.js';
import { addImportCommand } from './import-command.js';
import {
  address,
  addressOption,
  ipAddress,
  logFormat,
  logLevel,
  target,
  unlessEmpty,
  workers,
} from './option-values.js';
import type { Output } from './output.js';
import { printableOutput } from './printable-output.js';
import { addRelayCommand } from './relay-command.js';

interface ServeFlags {
  readonly config: string;
  readonly xds?: Address | '';
  readonly admin?: Address | '';
  readonly logLevel?: LogLevel | '';
  readonly logFormat?: LogFormat | '';
  readonly workers?: number | '';
}

interface Context {
  readonly program: Command;
  readonly output: Output;
  readonly startApp: StartApp;
  readonly done: (code: number) => void;
  readonly faults?: ProcessFaults | undefined;
}

function addServe({ program, output, startApp, done, faults }: Context): void {
  program
    .command('serve')
    .description(
      'run the control plane; SIGTERM ends it, SIGHUP or a change of the file loads the configuration again',
    )
    .requiredOption('-c, --config <file>', 'the configuration')
    .addOption(
      new Option('--xds <address>', 'where to serve xDS, in place of xds.listen')
        .env('SIGNALBOX_XDS_LISTEN')
        .argParser(unlessEmpty(address)),
    )
    .addOption(
      new Option('--admin <address>', 'where to serve the admin API, in place of admin.listen')
        .env('SIGNALBOX_ADMIN_LISTEN')
        .argParser(unlessEmpty(address)),
    )
    .addOption(
      new Option('--log-level <level>', `one of: ${LOG_LEVELS.join(', ')} (default: info)`)
        .env('SIGNALBOX_LOG_LEVEL')
        .argParser(unlessEmpty(logLevel)),
    )
    .addOption(
      new Option(
        '--log-format <format>',
        `one of: ${LOG_FORMATS.join(', ')} (default: pretty on a terminal, else json)`,
      )
        .env('SIGNALBOX_LOG_FORMAT')
        .argParser(unlessEmpty(logFormat)),
    )
    .addOption(
      new Option(
        '--workers <n>',
        'how many processes serve the proxies, in place of xds.workers (default: 0)',
      )
        .env('SIGNALBOX_XDS_WORKERS')
        .argParser(unlessEmpty(workers)),
    )
    .action(async ({ config, xds, admin, logLevel, logFormat, workers }: ServeFlags) => {
      const { runServe } = await import('./serve.js');
      const options = {
        config,
        xds: xds || undefined,
        admin: admin || undefined,
        logLevel: logLevel || 'info',
        logFormat: logFormat || (output.stdout.isTTY === true ? 'pretty' : 'json'),
        workers: workers === '' ? undefined : workers,
      };
      done(await runServe(options, output, startApp, faults));
    });
}

function addValidate({ program, output, done }: Context): void {
  program
    .command('validate')
    .description(
      'check a configuration and its services files, and tell every problem with its line and column',
    )
    .requiredOption('-c, --config <file>', 'the configuration')
    .action(async ({ config }: { config: string }) => {
      const { runValidate } = await import('./validate.js');
      done(await runValidate(config, output));
    });
}

function addBootstrap({ program, output }: Context): void {
  program
    .command('bootstrap')
    .description('print a bootstrap for an Envoy that takes its configuration from Signalbox')
    .addOption(addressOption('--xds <address>', 'where Envoy finds Signalbox', target, '127.0.0.1:18000'))
    .addOption(
      addressOption('--admin <address>', "where Envoy's own admin listens", ipAddress, '127.0.0.1:9901'),
    )
    .addOption(
      new Option('--mode <mode>', 'state of the world, or only what changed')
        .choices(['delta', 'sotw'])
        .default('delta'),
    )
    .option('--node <id>', 'the id of this proxy, its own for each', 'envoy-1')
    .option('--cluster <name>', 'the name of the group of proxies that this one belongs to', 'envoy')
    .option('--no-load-reports', 'do not report requests, errors and latency of the instances to Signalbox')
    .option('--region <region>', 'the region that this proxy runs in')
    .option('--zone <zone>', 'its zone, preferred where a service has zone_aware_lb_config')
    .option('--sub-zone <zone>', 'its part of the zone')
    .option('--tls-ca <file>', "TLS: who signed Signalbox's certificate, a PEM file where Envoy runs")
    .option('--tls-cert <file>', "the proxy's own certificate, where xds.tls.client_ca asks for one")
    .option('--tls-key <file>', 'the key of that certificate')
    .action(async (options: BootstrapOptions, command: Command) => {
      if ((options.tlsCert === undefined) !== (options.tlsKey === undefined))
        command.error('error: --tls-cert and --tls-key go together');
      if (options.tlsCert !== undefined && options.tlsCa === undefined)
        command.error('error: --tls-cert needs --tls-ca');
      const { envoyBootstrap } = await import('./bootstrap.js');
      output.stdout.write(envoyBootstrap(options));
    });
}

/** Loaded only when it is needed: the other commands answer sooner without gRPC. */
const startLazily: StartApp = async (config, deps) => {
  const { startApp } = await import('../app/start.js');
  return await startApp(config, deps);
};

function addCompletion({ program, output }: Context): void {
  program
    .command('completion')
    .description('print what a shell needs to complete command lines: source <(signalbox completion bash)')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion.js');
      output.stdout.write(completionScript(shell, program));
    });
}

/**
 * Runs a command line. It never rejects.
 * @param faults told of the log of a command that writes one
 * @returns the exit code: 0 success, 1 failure, 2 wrong usage
 */
export async function runCommandLine(
  args: readonly string[],
  output: Output,
  startApp: StartApp = startLazily,
  faults?: ProcessFaults,
): Promise<number> {
  let code = 0;
  const done = (result: number) => {
    code = result;
  };
  const program = createProgram(output, startApp, done, faults);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const { code: kind, message } = SignalboxError.from(thrown);
    output.stderr.write(`${kind}: ${message}\n`);
    return 1;
  }
}

/**
 * All commands with their options.
 * @param done gets the exit code of the command that ran
 * @param faults told of the log of those that write one
 */
export function createProgram(
  output: Output,
  startApp: StartApp,
  done: (code: number) => void = () => undefined,
  faults?: ProcessFaults,
): Command {
  const shown = printableOutput(output);
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const program = new Command('signalbox')
    .description(manifest.description)
    .version(manifest.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shown.stdout.write(text),
      writeErr: (text) => shown.stderr.write(text),
    })
    .showHelpAfterError('(--help tells more)');
  addServe({ program, output: shown, startApp, done, faults });
  addRelayCommand(program, shown, done, faults);
  addValidate({ program, output: shown, startApp, done });
  addImportCommand(program, shown, done);
  // What these print is for other programs, and comes from nobody else.
  addBootstrap({ program, output, startApp, done });
  addAskCommands(program, shown, output, done);
  addCompletion({ program, output, startApp, done });
  return program;
}
