import { SignalboxError } from '../../errors.js';
import type { CatalogServer } from './catalog-server.js';

/** What a query of one service came to. */
export type ServiceRead =
  | { readonly entries: readonly unknown[]; readonly error?: undefined }
  | { readonly error: SignalboxError; readonly entries?: undefined };

/** Reads one service. Rejects where not its query alone fails. */
export async function readService(
  server: CatalogServer,
  service: string,
  signal: AbortSignal,
): Promise<ServiceRead> {
  try {
    return { entries: (await server.service(service, 0, signal)).value };
  } catch (thrown) {
    return { error: await serviceError(thrown, server, signal) };
  }
}

/** The error of one service; throws what is none of its own: a defect, or a server that answers nothing else either. */
export async function serviceError(
  thrown: unknown,
  server: CatalogServer,
  signal: AbortSignal,
): Promise<SignalboxError> {
  if (signal.aborted || !(thrown instanceof SignalboxError)) throw thrown;
  await server.prove(signal);
  return thrown;
}
