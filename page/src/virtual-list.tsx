import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Pixels, as in the style sheet. */
const ROW = 52;
/** Rows beyond what is seen. */
const MORE = 6;

interface Props<T> {
  readonly label: string;
  readonly columns: readonly string[];
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly cells: (item: T) => readonly ComponentChildren[];
  readonly open: (item: T) => void;
}

/** A list of any length of which only what is seen is in the document, by mouse and by keys. */
export function VirtualList<T>({ label, columns, items, keyOf, cells, open }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [active, setActive] = useState(0);
  const last = items.length - 1;
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => setActive((row) => Math.max(0, Math.min(row, last))), [last]);

  const move = (row: number) => {
    const next = Math.max(0, Math.min(row, last));
    setActive(next);
    const element = box.current;
    if (element === null) return;
    if (next * ROW < element.scrollTop) element.scrollTop = next * ROW;
    const below = (next + 1) * ROW - element.clientHeight;
    if (below > element.scrollTop) element.scrollTop = below;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(height / ROW) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: last,
    };
    const step = steps[event.key];
    const item = items[active];
    if (step !== undefined) move(step);
    else if (event.key === 'Enter' && item !== undefined) open(item);
    else return;
    event.preventDefault();
  };

  const first = Math.max(0, Math.floor(top / ROW) - MORE);
  const shown = items.slice(first, Math.ceil((top + height) / ROW) + MORE);
  return (
    <div
      class="list"
      ref={box}
      role="grid"
      aria-label={label}
      aria-rowcount={items.length}
      aria-colcount={columns.length}
      aria-activedescendant={items.length > 0 ? `row-${active}` : undefined}
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: `${items.length * ROW}px` }}>
        <div role="presentation" style={{ transform: `translateY(${first * ROW}px)` }}>
          {shown.map((item, index) => {
            const row = first + index;
            return (
              <div
                key={keyOf(item)}
                id={`row-${row}`}
                class={row === active ? 'row active' : 'row'}
                role="row"
                tabIndex={-1}
                aria-rowindex={row + 1}
                aria-selected={row === active}
                onClick={() => open(item)}
                onKeyDown={(event) => event.key === 'Enter' && open(item)}
              >
                {cells(item).map((cell, column) => (
                  <div key={columns[column]} role="gridcell" tabIndex={-1} aria-colindex={column + 1}>
                    {cell}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
