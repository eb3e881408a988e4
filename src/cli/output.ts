/** Where a command writes to: the process, or a test. */
export interface Output {
  readonly stdout: Screen;
  readonly stderr: { write(text: string): unknown };
  /** The keys, for what is shown live. */
  readonly stdin?: Keyboard;
}

export interface Screen {
  write(text: string): unknown;
  /** Whether someone looks at it. */
  readonly isTTY?: boolean;
  /** Its size in characters. */
  readonly columns?: number;
  readonly rows?: number;
}

export interface Keyboard {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (data: Buffer | string) => void): unknown;
  off(event: 'data', listener: (data: Buffer | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}
