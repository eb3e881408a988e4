export type Environment = Readonly<Record<string, string | undefined>>;

export type Filled =
  | { readonly text: string; readonly wrong?: undefined }
  | { readonly wrong: readonly string[]; readonly text?: undefined };

/** `${{VAR}}` is APISIX's spelling. */
const REFERENCE = /\$\$\{|\$\{\{([^}]*)\}\}|\$\{([^}]*)\}?/g;
const APISIX_REFERENCE = /\$\{\{([^}]*)\}\}/g;

/** Whether a text is one reference to a variable and nothing else. */
export function isReference(text: string): boolean {
  return /^\$\{([^}]*|\{[^}]*\})\}$/.test(text);
}

/**
 * Fills in `${VAR}` and `${VAR:-default}`, the default counting for an empty variable too; `$${` stands for `${`. APISIX's `${{VAR}}` and
 * `${{VAR:=default}}` are filled in as it does: there an empty variable is empty.
 */
export function fillVariables(text: string, environment: Environment): Filled {
  const wrong: string[] = [];
  const filled = text.replace(
    REFERENCE,
    (reference: string, doubled: string | undefined, inner: string | undefined) => {
      if (doubled !== undefined) return apisixValue(doubled, environment, wrong);
      if (inner === undefined) return '${';
      const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inner);
      const [, name = '', fallback] = match ?? [];
      if (match === null || !reference.endsWith('}') || fallback?.includes('${')) {
        // Not shown: a default may be a secret.
        wrong.push('a reference to a variable is ${VAR} or ${VAR:-default}; $${ stands for ${ itself');
        return '';
      }
      const value = environment[name];
      if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
      return value ?? unset(name, `\${${name}:-default}`, wrong);
    },
  );
  return result(filled, wrong);
}

/** Fills in APISIX's references only: in its documents `${uri}` is a variable of the request. */
export function fillApisixVariables(text: string, environment: Environment): Filled {
  const wrong: string[] = [];
  const filled = text.replace(APISIX_REFERENCE, (_, inner: string) => apisixValue(inner, environment, wrong));
  return result(filled, wrong);
}

/** @param inner what stands between the double braces */
function apisixValue(inner: string, environment: Environment, wrong: string[]): string {
  const [, name, fallback] = /^\s*([A-Za-z_]\w*)\s*(?::=\s*(.*?)\s*)?$/s.exec(inner) ?? [];
  if (name !== undefined)
    return environment[name] ?? fallback ?? unset(name, `\${{${name}:=default}}`, wrong);
  wrong.push("APISIX's reference to a variable is ${{VAR}} or ${{VAR:=default}}");
  return '';
}

/** @param withDefault the reference as it would be with a default */
function unset(name: string, withDefault: string, wrong: string[]): string {
  wrong.push(`the environment variable ${name} is not set, and there is no default: ${withDefault}`);
  return '';
}

function result(text: string, wrong: readonly string[]): Filled {
  return wrong.length > 0 ? { wrong: [...new Set(wrong)] } : { text };
}
