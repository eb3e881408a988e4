/** Envoy's bounds on `load_balancing_weight`: at least 1, and the sum over a load assignment below 2^32. */
const MOST = 4_294_967_295;

/**
 * Whole numbers in the ratios of these weights, within Envoy's bounds. Whole weights that fit stay as they are.
 * @param weights above 0; fractions allowed
 */
export function envoyWeights(weights: readonly number[]): readonly number[] {
  const scale = fractionScale(weights);
  const scaled = weights.map((weight) => weight * scale);
  const sum = scaled.reduce((total, weight) => total + weight, 0);
  // Rounding up to 1 may add as much as there are weights, so that much room is left.
  const shrink = sum > MOST ? (MOST - weights.length) / sum : 1;
  return scaled.map((weight) => Math.max(1, shrink === 1 ? Math.round(weight) : Math.floor(weight * shrink)));
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
