import type { SecretStatus } from '../secrets/secret-store.js';

/** What `/certificates` shows of one: where it comes from and how it is, nothing of a key. */
export function certificateView({ name, files, served, problem }: SecretStatus) {
  return {
    name,
    files,
    served:
      served === undefined
        ? null
        : {
            subject: served.subject,
            names: served.names,
            expires: served.notAfter.toISOString(),
            version: served.version,
          },
    problem:
      problem === undefined ? null : { message: problem.message, at: new Date(problem.at).toISOString() },
  };
}
