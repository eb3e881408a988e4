// Loaded into a Signalbox by `--import`: what its sources say reaches its catalogue wrong, in another way for each service.
import { fileURLToPath } from 'node:url';

const { SourceState } = await import(
  fileURLToPath(new URL('../../dist/catalogue/source-state.js', import.meta.url))
);
const { set } = SourceState.prototype;
/** How many states of a service come right before one is wrong. */
const RIGHT = 5;
const said = new Map();

/** Each gives what is told in place of the last of these states; undefined: nothing is told. */
const DEFECTS = {
  // The weights of two instances change places.
  S1: ([state]) => ({ ...state, instances: swapped(state.instances) }),
  // An earlier answer overtakes a later one.
  S2: ([, , , earlier]) => earlier,
  // From then on nothing is heard of the service.
  S5: () => undefined,
  // An instance is lost.
  S6: ([state]) => ({ ...state, instances: state.instances.filter(({ host }) => !host.endsWith('.1')) }),
};

SourceState.prototype.set = function planted(key, state) {
  const defect = DEFECTS[key.service];
  const states = [state, ...(said.get(key.service) ?? [])];
  said.set(key.service, states);
  const wrong = defect !== undefined && state !== undefined && states.length > RIGHT;
  const told = wrong && (key.service === 'S5' || states.length % 2 === 0) ? defect(states) : state;
  if (told !== undefined || !wrong) set.call(this, key, told);
};

function swapped([first, second, ...rest]) {
  if (second === undefined) return [first];
  return [{ ...first, weight: second.weight }, { ...second, weight: first.weight }, ...rest];
}
