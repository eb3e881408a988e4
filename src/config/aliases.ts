import { textOf } from '../text-of.js';
/** An older spelling of an option: a name, and its values where those were spelled otherwise too. */
export interface Alias {
  readonly option: string;
  readonly values?: Readonly<Record<string, unknown>>;
  /** Its value is one member of the list that the option is. */
  readonly member?: true;
}
export type Aliases = Readonly<Record<string, Alias>>;

/** Options of an APISIX block that say nothing here, and why. */
export const IGNORED_OPTIONS: Readonly<Record<string, string>> = {
  resync_delay: 'a failed watch is taken up again with a wait that grows by itself',
  health_check_timeout: 'an endpoint that fails is asked again after the others',
  sort_type: 'instances always have a fixed order here',
  shared_size: 'there is no shared memory to size here',
};

export interface Remark {
  readonly option: string;
  readonly message: string;
}

export interface Renamed {
  readonly options: Readonly<Record<string, unknown>>;
  /** The name that was written, by the name of today. */
  readonly written: ReadonlyMap<string, string>;
  readonly problems: readonly Remark[];
  readonly warnings: readonly Remark[];
}

/** Puts a registry's options into today's spelling. */
export function applyAliases(given: Readonly<Record<string, unknown>>, aliases: Aliases): Renamed {
  const options: [string, unknown][] = [];
  const written = new Map<string, string>();
  const problems: Remark[] = [];
  const warnings: Remark[] = [];
  for (const [option, value] of Object.entries(given)) {
    const ignored = own(IGNORED_OPTIONS, option);
    const alias = own(aliases, option);
    if (ignored !== undefined) {
      warnings.push({ option, message: `this option of APISIX is ignored: ${ignored}` });
    } else if (alias === undefined) {
      options.push([option, value]);
    } else if (alias.option in given || written.has(alias.option)) {
      const other = written.get(alias.option) ?? alias.option;
      problems.push({
        option,
        message: `this is an older name of "${alias.option}": "${other}" says it already`,
      });
    } else if (alias.values !== undefined && own(alias.values, textOf(value)) === undefined) {
      problems.push({ option, message: `expected one of: ${Object.keys(alias.values).join(', ')}` });
    } else {
      const renamed = alias.values === undefined ? value : own(alias.values, textOf(value));
      options.push([
        alias.option,
        alias.member === true && typeof renamed === 'string' ? [renamed] : renamed,
      ]);
      written.set(alias.option, option);
    }
  }
  return { options: Object.fromEntries(options), written, problems, warnings };
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
