import type { Logger } from 'pino';
import type { DocumentChanges } from './document-table.js';

/** More rejected documents of one answer than anybody reads in a log; all of them are shown at `/routes`. */
const MOST_LOGGED = 10;

/** Logs the documents of an answer that are rejected, the first ones by name. */
export function logRejected(
  logger: Logger,
  source: string,
  { routes, policies, consumers, certificates }: DocumentChanges,
): void {
  const rejected = [...routes, ...policies, ...consumers, ...certificates].flatMap(([id, outcome]) =>
    outcome?.rejected === undefined ? [] : [{ id, reason: outcome.rejected }],
  );
  for (const { id, reason } of rejected.slice(0, MOST_LOGGED))
    logger.warn({ source, id, reason }, 'document rejected');
  if (rejected.length > MOST_LOGGED)
    logger.warn({ source, documents: rejected.length }, 'more documents rejected: see /routes');
}
