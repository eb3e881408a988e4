import type { TypeState } from './type-state.js';

/** The state of each type of a stream: a handful, so that a changed copy is cheaper than that of a map. */
export class TypeStates {
  static readonly NONE = new TypeStates([]);

  private constructor(private readonly states: readonly TypeState[]) {}

  get(typeUrl: string): TypeState | undefined {
    for (const state of this.states) if (state.typeUrl === typeUrl) return state;
    return undefined;
  }

  has(typeUrl: string): boolean {
    return this.get(typeUrl) !== undefined;
  }

  /** In the order in which the types were first asked for. */
  values(): readonly TypeState[] {
    return this.states;
  }

  with(state: TypeState): TypeStates {
    const index = this.states.findIndex(({ typeUrl }) => typeUrl === state.typeUrl);
    const states = this.states.slice();
    states[index === -1 ? states.length : index] = state;
    return new TypeStates(states);
  }
}
