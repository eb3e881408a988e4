import type { Equivalent } from './results.js';

/** The survivors that no test can catch. */
export const EQUIVALENT: readonly Equivalent[] = [
  ...of('src/catalogue/source-state.ts', 'without held losses there is nothing to find or to believe', [
    ['held === undefined', 'false'],
    ['this.#losses?.addressesOf', 'this.#losses.addressesOf'],
    ['[]', '["Stryker was here"]', 'this.#losses?.addressesOf'],
    ['this.#losses === undefined', 'false', 'this.#status.held === undefined'],
  ]),
  ...of(
    'src/catalogue/source-state.ts',
    'saves work: a state that is the same changes nothing later either',
    [['isDeepStrictEqual(before, after)', 'false']],
  ),
  ...of('src/catalogue/loss-window.ts', 'saves work: looking at services again decides the same', [
    ['false', 'true', '#everywhere = false'],
    ['everywhere === this.#everywhere', 'false'],
  ]),
  ...of('src/release/proxy-answers.ts', 'saves work: what was told before is found in the set, too', [
    ['{ response: undefined as Response | undefined, group: undefined as Group | undefined }', '{}'],
    ['response === this.#last.response && group === this.#last.group', 'false'],
  ]),
  ...of('src/release/quarantine.ts', 'a text has no version either', [
    ["instead === 'nothing'", 'false'],
    ["'nothing'", '""', 'instead.version'],
  ]),
  ...of('src/release/quarantine.ts', 'without trials nothing is on trial, whoever its members are', [
    ['[]', '["Stryker was here"]', '[trial = [], ...others]'],
    ['[]', '["Stryker was here"]', '[trial = []]'],
    ['trials.groups[0]?.some', 'trials.groups[0].some'],
  ]),
];

/** Mutants of a file: code, what it becomes, and where needed a part of its line. */
function of(
  file: string,
  why: string,
  mutants: readonly (readonly [code: string, becomes: string, line?: string])[],
): readonly Equivalent[] {
  return mutants.map(([code, becomes, line]) => ({
    file,
    code,
    becomes,
    why,
    ...(line !== undefined && { line }),
  }));
}
