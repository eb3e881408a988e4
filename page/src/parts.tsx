import { type ComponentChildren, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask } from './api.js';

export function Badge({ kind, children }: { kind: string; children: ComponentChildren }) {
  return <span class={`badge ${kind}`}>{children}</span>;
}

/** Rows that are shown before someone asks for all. */
const MOST_ROWS = 200;

/** What an answer is missing, or its error. */
export function Trouble({ error, loading }: { error?: string | undefined; loading: boolean }) {
  if (error !== undefined)
    return (
      <p class="trouble" role="alert">
        {error}
      </p>
    );
  return loading ? <p class="muted">Loading …</p> : null;
}

interface ActionProps {
  readonly label: string;
  /** What it does, for whom the label alone does not tell. */
  readonly title: string;
  readonly path: string;
  readonly done?: () => void;
}

/** A button that asks once more before it does something. */
export function Action({ label, title, path, done }: ActionProps) {
  const [step, setStep] = useState<'idle' | 'sure' | 'busy'>('idle');
  const [error, setError] = useState('');
  useEffect(() => {
    if (step !== 'sure') return;
    const timer = setTimeout(() => setStep('idle'), 6_000);
    return () => clearTimeout(timer);
  }, [step]);
  const end = (problem: string) => {
    setError(problem);
    setStep('idle');
  };
  const press = () => {
    if (step === 'idle') return setStep('sure');
    setStep('busy');
    ask(path, 'POST').then(
      () => {
        end('');
        done?.();
      },
      (thrown: unknown) => end(thrown instanceof Error ? thrown.message : String(thrown)),
    );
  };
  return (
    <span class="action">
      <button
        type="button"
        class={step === 'sure' ? 'sure' : ''}
        disabled={step === 'busy'}
        title={title}
        onClick={press}
        onKeyDown={(event) => event.key === 'Escape' && setStep('idle')}
      >
        {step === 'sure' ? `Really ${label.toLowerCase()}?` : label}
      </button>
      <span role="status" class="trouble">
        {error}
      </span>
    </span>
  );
}

/** A table that scrolls by itself where it is too wide. */
export function Table({
  label,
  head,
  rows,
}: {
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly ComponentChildren[])[];
}) {
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(0, MOST_ROWS);
  // Children without keys: rows have no name of their own.
  const rowOf = (cells: readonly ComponentChildren[]) =>
    h('tr', null, ...cells.map((cell, column) => h('td', { 'data-head': head[column] }, cell)));
  return (
    <>
      <div class="scroll">
        <table aria-label={label}>
          <thead>
            <tr>
              {head.map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          {h('tbody', null, ...shown.map(rowOf))}
        </table>
      </div>
      {shown.length < rows.length && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {rows.length}
        </button>
      )}
    </>
  );
}

export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at}>
      {new Date(at).toLocaleTimeString()}
    </time>
  );
}

export function Version({ version }: { version: string | null | undefined }) {
  return version ? <code title={version}>{version.slice(0, 10)}</code> : <span class="muted">none</span>;
}
