import { InvalidArgumentError, Option } from 'commander';
import { MOST_WORKERS } from '../config/worker-count.js';
import { ADDRESS_EXPECTED, type Address, readAddress } from '../model/address.js';
import { isAddress } from '../model/host.js';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../telemetry/log-level.js';

export function address(text: string): Address {
  const read = readAddress(text);
  if (read === undefined) throw new InvalidArgumentError(ADDRESS_EXPECTED);
  return read;
}

/** Where someone is to go. */
export function target(text: string): Address {
  const read = address(text);
  if (read.port === 0) throw new InvalidArgumentError('expected a port above 0');
  return read;
}

/** Where Envoy itself listens: it takes no names there. */
export function ipAddress(text: string): Address {
  const read = address(text);
  if (!isAddress(read.host)) throw new InvalidArgumentError('expected an IP address, not a host name');
  return read;
}

export function logLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level === undefined) throw new InvalidArgumentError(`expected one of: ${LOG_LEVELS.join(', ')}`);
  return level;
}

export function count(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('expected a whole number above 0');
  return Number(text);
}

/** @returns milliseconds */
export function seconds(text: string): number {
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError('expected a number of seconds above 0');
  return Number(text) * 1_000;
}

export function logFormat(text: string): LogFormat {
  const format = LOG_FORMATS.find((known) => known === text);
  if (format === undefined) throw new InvalidArgumentError(`expected one of: ${LOG_FORMATS.join(', ')}`);
  return format;
}

export function workers(text: string): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : MOST_WORKERS + 1;
  if (number > MOST_WORKERS)
    throw new InvalidArgumentError(`expected a whole number from 0 to ${MOST_WORKERS}`);
  return number;
}

/** As containers are configured, an empty variable says nothing. */
export function unlessEmpty<T>(parse: (text: string) => T): (text: string) => T | '' {
  return (text) => (text === '' ? '' : parse(text));
}

/** An option that takes an address and has one by default. */
export function addressOption(
  flags: string,
  description: string,
  parse: (text: string) => Address,
  standard: string,
): Option {
  return new Option(flags, description).argParser(parse).default(parse(standard), standard);
}
