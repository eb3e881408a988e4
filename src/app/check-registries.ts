import { globMatcher } from '../base/glob.js';
import { formatPath, type Problem } from '../config/problem.js';
import type { Config } from '../config/schema.js';
import { checkServices } from '../discovery/file/check-services.js';
import { readFile } from '../discovery/file/read-file.js';

/** Findings in the files that registries read. */
export interface FileProblems {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Checks the services files of a configuration. A missing file is a warning, since it may be created later. */
export function checkServiceFiles({ discovery }: Config): FileProblems {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  for (const options of Object.values(discovery)) {
    if (options.type !== 'file') continue;
    const text = readFile(options.path, options.max_answer);
    if (typeof text !== 'string') {
      const message = text.message.slice(`${options.path}: `.length);
      warnings.push({ file: options.path, message });
      continue;
    }
    const skipped = globMatcher(options.skip_services);
    for (const { place, path, message, isWarning } of checkServices(text, options.weight)) {
      if (typeof path[1] === 'string' && skipped(path[1])) continue;
      const problem: Problem = {
        file: options.path,
        ...place,
        ...(path.length > 0 && { path: formatPath(path) }),
        message,
      };
      (isWarning === true ? warnings : problems).push(problem);
    }
  }
  return { problems, warnings };
}
