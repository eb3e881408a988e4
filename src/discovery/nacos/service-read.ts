import { SignalboxError } from '../../errors.js';
import type { NacosService } from './scope.js';
import { errorAbout, type NacosServer } from './server.js';

/** What a query of one service came to. */
export type ServiceRead =
  | { readonly entries: readonly unknown[]; readonly error?: undefined }
  | { readonly error: SignalboxError; readonly entries?: undefined };

/**
 * Reads one service.
 * @throws SignalboxError where the server answers nothing else either
 */
export async function readService(
  server: NacosServer,
  key: NacosService,
  signal: AbortSignal,
): Promise<ServiceRead> {
  try {
    return { entries: await server.instances(key, signal) };
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof SignalboxError)) throw thrown;
    const isAnswer = thrown.code === 'registry_bad_answer' || thrown.code === 'registry_refused';
    if (!isAnswer) await server.prove(key, signal);
    return { error: errorAbout(key, thrown) };
  }
}
