/** One value of one series. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
/** NaN may be written in any case: Prometheus reads numbers as Go does. */
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)?\\})? ([Nn]a[Nn]|[+-]Inf|[-+0-9.e]+)$`);
const KINDS = ['counter', 'gauge', 'histogram'];

/**
 * Reads the text format of Prometheus strictly.
 * https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md
 * @throws Error for whatever Prometheus would refuse or misread
 */
export function readMetrics(text: string): readonly Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const kinds = new Map<string, string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const [, family = '', kind = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (family !== '') {
      if (kinds.has(family) || !KINDS.includes(kind)) throw new Error(`bad or second TYPE: ${line}`);
      kinds.set(family, kind);
      continue;
    }
    const [series = '', name = '', labelText = '', value = ''] = SAMPLE.exec(line) ?? [];
    if (series === '') throw new Error(`no sample: ${line}`);
    const key = `${name}{${labelText}}`;
    if (seen.has(key)) throw new Error(`twice: ${key}`);
    seen.add(key);
    if (!kinds.has(name) && kinds.get(name.replace(/_(bucket|sum|count)$/, '')) !== 'histogram')
      throw new Error(`no TYPE: ${line}`);
    const labels = [...labelText.matchAll(/([^=,"]+)="((?:[^"\\]|\\.)*)"/g)];
    samples.push({
      name,
      labels: Object.fromEntries(labels.map(([, label = '', content = '']) => [label, content])),
      value: Number(value.replace('Inf', 'Infinity')),
    });
  }
  return samples;
}
