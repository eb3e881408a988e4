#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ADDRESS_EXPECTED, type Address, readAddress } from '../model/address.js';
import { isAddress } from '../model/host.js';
import { LOG_LEVELS, type LogLevel } from '../telemetry/log-level.js';
import type { BootstrapOptions } from './bootstrap.js';
import type { ServeOptions } from './serve.js';

const address = (text: string): Address => {
  const read = readAddress(text);
  if (read === undefined) throw new InvalidArgumentError(ADDRESS_EXPECTED);
  return read;
};

/** Where Envoy is to go. */
const target = (text: string): Address => {
  const read = address(text);
  if (read.port === 0) throw new InvalidArgumentError('expected a port above 0');
  return read;
};

/** Where Envoy itself listens: it takes no names there. */
const ipAddress = (text: string): Address => {
  const read = address(text);
  if (!isAddress(read.host)) throw new InvalidArgumentError('expected an IP address, not a host name');
  return read;
};

/** As containers are configured, an empty variable says nothing. */
const unlessEmpty =
  <T>(parse: (text: string) => T) =>
  (text: string): T | undefined =>
    text === '' ? undefined : parse(text);

const logLevel = (text: string): LogLevel => {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level === undefined) throw new InvalidArgumentError(`expected one of: ${LOG_LEVELS.join(', ')}`);
  return level;
};

function addServe(program: Command): void {
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
    .action(async (options: Omit<ServeOptions, 'logLevel'> & { logLevel?: LogLevel }) => {
      const { runServe } = await import('./serve.js');
      const code = await runServe({ ...options, logLevel: options.logLevel ?? 'info' }, async (...args) => {
        const { startApp } = await import('../app/start.js');
        return await startApp(...args);
      });
      process.exit(code);
    });
}

function addValidate(program: Command): void {
  program
    .command('validate')
    .description('check a configuration and tell every problem with its line and column')
    .requiredOption('-c, --config <file>', 'the configuration')
    .action(async ({ config }: { config: string }) => {
      const { runValidate } = await import('./validate.js');
      process.exitCode = await runValidate(config);
    });
}

function addBootstrap(program: Command): void {
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
        .default('sotw'),
    )
    .option('--node <id>', 'the id of this proxy, its own for each', 'envoy-1')
    .option('--cluster <name>', 'the name of the group of proxies that this one belongs to', 'envoy')
    .action(async (options: BootstrapOptions) => {
      const { envoyBootstrap } = await import('./bootstrap.js');
      process.stdout.write(envoyBootstrap(options));
    });
}

function addressOption(
  flags: string,
  description: string,
  parse: (text: string) => Address,
  standard: string,
): Option {
  return new Option(flags, description).argParser(parse).default(parse(standard), standard);
}

async function main(): Promise<void> {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const program = new Command('signalbox')
    .description(manifest.description)
    .version(manifest.version)
    .exitOverride()
    .showHelpAfterError('(--help tells more)');
  for (const add of [addServe, addValidate, addBootstrap]) add(program);
  try {
    await program.parseAsync();
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    process.exitCode = thrown.exitCode === 0 ? 0 : 2;
  }
}

await main();
