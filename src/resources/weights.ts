/** Envoy's bounds on `load_balancing_weight`: at least 1, and the sum over a load assignment below 2^32. */
const MOST = 4_294_967_295;

/**
 * Whole numbers in the ratios of these weights, within Envoy's bounds. Whole weights that fit stay as they are.
 * @param weights above 0; fractions allowed
 */
export function envoyWeights(weights: readonly number[]): readonly number[] {
  const bounded = withinBounds(weights);
  const scale = fractionScale(bounded);
  const scaled = bounded.map((weight) => weight * scale);
  const rounded = scaled.map((weight) => Math.max(1, Math.round(weight)));
  if (sumOf(rounded) <= MOST) return rounded;
  // Rounding up to 1 may add as much as there are weights, so that much room is left.
  const shrink = (MOST - weights.length) / sumOf(scaled);
  return scaled.map((weight) => Math.max(1, Math.floor(weight * shrink)));
}

/** The same ratios with no weight above the bound, so that no sum of them is infinite. */
function withinBounds(weights: readonly number[]): readonly number[] {
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  return largest > MOST ? weights.map((weight) => (weight / largest) * MOST) : weights;
}

function sumOf(weights: readonly number[]): number {
  return weights.reduce((total, weight) => total + weight, 0);
}

/** The power of ten, up to a million, that makes all weights whole and at least 1. */
function fractionScale(weights: readonly number[]): number {
  let scale = 1;
  while (scale < 1_000_000 && weights.some((weight) => !isWhole(weight * scale))) scale *= 10;
  return scale;
}

function isWhole(value: number): boolean {
  const whole = Math.round(value);
  return whole >= 1 && Math.abs(value - whole) < 1e-6;
}
