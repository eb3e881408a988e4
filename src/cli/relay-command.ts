import { hostname } from 'node:os';
import { type Command, Option } from 'commander';
import { type AdminOptions, adminProblem } from '../config/admin-options.js';
import type { Address } from '../model/address.js';
import { addressOf } from '../model/instance.js';
import { LOG_LEVELS, type LogLevel } from '../telemetry/log-level.js';
import type { ProcessFaults } from '../telemetry/process-faults.js';
import { address, addressOption, logLevel, target, unlessEmpty } from './option-values.js';
import type { Output } from './output.js';
import type { RunRelayOptions } from './relay.js';

interface RelayFlags {
  readonly upstream: Address;
  readonly upstreamCa?: string;
  readonly upstreamCert?: string;
  readonly upstreamKey?: string;
  readonly upstreamTokenFile?: string;
  readonly node?: string;
  readonly cluster: string;
  readonly region?: string;
  readonly zone?: string;
  readonly subZone?: string;
  readonly xds: Address;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly admin: Address;
  readonly adminTokenFile?: string;
  readonly snapshot?: string;
  readonly logLevel?: LogLevel | '';
}

/**
 * Adds `signalbox relay`.
 * @param done gets its exit code
 * @param faults told of its log
 */
export function addRelayCommand(
  program: Command,
  output: Output,
  done: (code: number) => void,
  faults?: ProcessFaults,
): void {
  program
    .command('relay')
    .description('serve what another Signalbox serves, also while that cannot be reached; SIGTERM ends it')
    .addOption(
      new Option('--upstream <address>', 'where the other Signalbox serves xDS')
        .env('SIGNALBOX_UPSTREAM')
        .argParser(target)
        .makeOptionMandatory(),
    )
    .option('--upstream-ca <file>', 'TLS: who signed its certificate, a PEM file; plaintext without')
    .option('--upstream-cert <file>', "the relay's own certificate, where it asks for one")
    .option('--upstream-key <file>', 'the key of that certificate')
    .option('--upstream-token-file <file>', 'holds the bearer token, where it asks for one')
    .option(
      '--node <id>',
      'who the other Signalbox is told that asks (default: relay/ and the name of this host)',
    )
    .option('--cluster <name>', 'of which cluster; all proxies here get what this node would', 'relay')
    .option('--region <region>', 'in which region')
    .option('--zone <zone>', 'in which zone')
    .option('--sub-zone <zone>', 'in which part of the zone')
    .addOption(addressOption('--xds <address>', 'where to serve xDS', address, '127.0.0.1:18000'))
    .option('--tls-cert <file>', 'TLS: the certificate to serve xDS with, a PEM file; plaintext without')
    .option('--tls-key <file>', 'the key of that certificate')
    .option('--tls-client-ca <file>', 'proxies show a certificate that this authority signed')
    .addOption(addressOption('--admin <address>', 'where to serve the admin API', address, '127.0.0.1:18001'))
    .option(
      '--admin-token-file <file>',
      'holds the token that clients of the admin API must send (or SIGNALBOX_ADMIN_TOKEN, the token itself); needed beyond loopback',
    )
    .option('--snapshot <file>', 'keeps what is served, for a start while the other one is away')
    .addOption(
      new Option('--log-level <level>', `one of: ${LOG_LEVELS.join(', ')} (default: info)`)
        .env('SIGNALBOX_LOG_LEVEL')
        .argParser(unlessEmpty(logLevel)),
    )
    .action(async (flags: RelayFlags, command: Command) => {
      const wrong = wrongUsage(flags);
      if (wrong !== undefined) command.error(`error: ${wrong}`);
      const { runRelay } = await import('./relay.js');
      done(await runRelay(relayOptions(flags), output, faults));
    });
}

function wrongUsage(flags: RelayFlags): string | undefined {
  const { upstreamCa, upstreamCert, upstreamKey, tlsCert, tlsKey, tlsClientCa } = flags;
  if ((upstreamCert === undefined) !== (upstreamKey === undefined))
    return '--upstream-cert and --upstream-key go together';
  if (upstreamCert !== undefined && upstreamCa === undefined) return '--upstream-cert needs --upstream-ca';
  if ((tlsCert === undefined) !== (tlsKey === undefined)) return '--tls-cert and --tls-key go together';
  if (tlsClientCa !== undefined && tlsCert === undefined) return '--tls-client-ca needs --tls-cert';
  if (adminProblem(adminOptions(flags)) !== undefined)
    return '--admin beyond loopback needs --admin-token-file or SIGNALBOX_ADMIN_TOKEN';
  return undefined;
}

function adminOptions({ admin: listen, adminTokenFile: token_file }: RelayFlags): AdminOptions {
  return { listen, token: process.env.SIGNALBOX_ADMIN_TOKEN, token_file };
}

function relayOptions(flags: RelayFlags): RunRelayOptions {
  const { upstreamCa: ca, upstreamCert, upstreamKey, upstreamTokenFile: tokenFile } = flags;
  const { node = `relay/${hostname()}`, cluster, region = '', zone = '', subZone: sub_zone = '' } = flags;
  const { xds, snapshot, tlsCert, tlsKey, tlsClientCa: client_ca, logLevel } = flags;
  const located = region !== '' || zone !== '' || sub_zone !== '';
  return {
    upstream: {
      address: addressOf(flags.upstream),
      node: { id: node, cluster, ...(located && { locality: { region, zone, sub_zone } }) },
      tls: ca === undefined ? undefined : { ca, client: pair(upstreamCert, upstreamKey) },
      tokenFile,
    },
    xds,
    tls: withClientCa(pair(tlsCert, tlsKey), client_ca),
    admin: adminOptions(flags),
    snapshot,
    logLevel: logLevel || 'info',
  };
}

function pair(cert: string | undefined, key: string | undefined) {
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

function withClientCa(files: ReturnType<typeof pair>, client_ca: string | undefined): RunRelayOptions['tls'] {
  return files && { ...files, client_ca, require_client_certificate: client_ca !== undefined };
}
