export type Environment = Readonly<Record<string, string | undefined>>;

export type Filled =
  | { readonly text: string; readonly wrong?: undefined }
  | { readonly wrong: readonly string[]; readonly text?: undefined };

/** `${{VAR}}` is APISIX's spelling. */
const REFERENCE = /\$\$\{|\$\{\{([^}]*)\}\}|\$\{([^}]*)\}?/g;

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
  const unset = (name: string, reference: string) =>
    wrong.push(`the environment variable ${name} is not set, and there is no default: ${reference}`);
  const filled = text.replace(
    REFERENCE,
    (reference: string, doubled: string | undefined, inner: string | undefined) => {
      if (doubled !== undefined) {
        const [, name, fallback] = /^\s*([A-Za-z_]\w*)\s*(?::=\s*(.*?)\s*)?$/s.exec(doubled) ?? [];
        if (name === undefined) {
          wrong.push("APISIX's reference to a variable is ${{VAR}} or ${{VAR:=default}}");
          return '';
        }
        const value = environment[name] ?? fallback;
        if (value === undefined) unset(name, `\${{${name}:=default}}`);
        return value ?? '';
      }
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
      if (value === undefined) unset(name, `\${${name}:-default}`);
      return value ?? '';
    },
  );
  return wrong.length > 0 ? { wrong: [...new Set(wrong)] } : { text: filled };
}
