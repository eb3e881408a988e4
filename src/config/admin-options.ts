import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { SignalboxError } from '../errors.js';
import type { Address } from '../model/address.js';
import { listenAddress } from './address.js';

/** Where the admin API listens and who may ask it. */
export const adminOptions = z
  .strictObject({
    listen: listenAddress.prefault('127.0.0.1:18001'),
    /** What clients must send as `Authorization: Bearer …`; needed beyond loopback. */
    token: z.string().optional(),
    token_file: z.string().optional(),
  })
  .prefault({});
export type AdminOptions = z.output<typeof adminOptions>;

/**
 * The address may come from the command line instead of the file that was checked.
 * @throws SignalboxError `config_invalid` where an admin API must not be served so
 */
export function requireAdminToken(options: AdminOptions): void {
  const problem = adminProblem(options);
  if (problem !== undefined) throw new SignalboxError('config_invalid', problem);
}

/** Why an admin API must not be served so; undefined where it may. */
export function adminProblem({ listen, token = '', token_file }: AdminOptions): string | undefined {
  if (isLoopback(listen) || token !== '' || token_file !== undefined) return undefined;
  return 'beyond loopback the admin API needs "admin.token" or "admin.token_file"';
}

function isLoopback({ host }: Address): boolean {
  return host === 'localhost' || (ipaddr.isValid(host) && ipaddr.parse(host).range() === 'loopback');
}
