import type { ConfigPath } from '../../config/problem.js';
import { nameProblem } from '../service-name.js';
import { readFileInstance, readFileService, unknownKeys } from './file-instance.js';
import { parsePlaced, type TextPlace } from './service-file.js';

/** A problem or a warning in a services file. */
export interface ServicesProblem {
  readonly place?: TextPlace | undefined;
  /** From the top of the file. */
  readonly path: ConfigPath;
  readonly message: string;
  readonly isWarning?: true;
}

/** Reasons why an instance is not served that somebody has not meant. */
const MISTAKES: ReadonlySet<string> = new Set(['bad_address', 'bad_port', 'bad_weight', 'bad_value']);

/** Everything that somebody may want to put right in the text of a services file, in its order. */
export function checkServices(text: string, defaultWeight: number): readonly ServicesProblem[] {
  const file = parsePlaced(text);
  if (file.services === undefined) return [{ place: file.place, path: [], message: file.problem }];
  const found: ServicesProblem[] = [];
  for (const [name, { items }] of file.services) {
    const tell = (path: ConfigPath, message: string, isWarning = false) => {
      const whole = ['services', name, ...path];
      found.push({ place: file.placeOf(whole), path: whole, message, ...(isWarning && { isWarning }) });
    };
    const problem = nameProblem(name);
    if (problem !== undefined) tell([], `the service is left out because of its name: ${problem}`);
    for (const [index, item] of items.entries()) {
      const { instance, filtered } = readFileInstance(item, defaultWeight);
      if (filtered !== undefined && MISTAKES.has(filtered.reason)) {
        tell([index], filtered.detail);
        continue;
      }
      const unknown = unknownKeys(item);
      for (const { key, message } of unknown) tell([index, key], message);
      const told = new Set(unknown.map(({ message }) => message));
      for (const remark of instance?.remarks ?? []) if (!told.has(remark)) tell([index], remark, true);
    }
    for (const { address, reason, detail } of readFileService(items, defaultWeight).filtered)
      if (reason === 'duplicate') tell([], `${address}: ${detail}`, true);
  }
  return found;
}
