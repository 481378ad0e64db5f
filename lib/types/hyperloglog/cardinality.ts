/**
 * How many distinct elements registers speak of: the estimator of Otmar Ertl, "New cardinality
 * estimation algorithms for HyperLogLog sketches" (2017), which Redis uses as well. The order of the
 * operations on doubles is such that the same number comes out.
 */

import { REGISTERS } from "./layout.ts";

/** Values of registers go up to this, and one more stands for what had no bit set. */
const Q = 50;
/** 0.5 / ln 2. */
const ALPHA = 0.721347520444481703680;
/** One count per value of 6 bits. */
export const HISTOGRAM_SIZE = 64;

/** The estimate from how many registers have each value. */
export function estimateCardinality(histogram: Int32Array): number {
  let z = REGISTERS * tau((REGISTERS - histogram[Q + 1]) / REGISTERS);
  for (let value = Q; value >= 1; value--) z = (z + histogram[value]) * 0.5;
  z += REGISTERS * sigma(histogram[0] / REGISTERS);
  return Math.round((ALPHA * REGISTERS * REGISTERS) / z);
}

/** Corrects for registers that are still 0. */
function sigma(x: number): number {
  if (x === 1) return Infinity;
  let sum = x;
  let weight = 1;
  for (let power = x * x;; power *= power) {
    const before = sum;
    sum += power * weight;
    if (sum === before) return sum;
    weight += weight;
  }
}

/** Corrects for registers that are full. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let sum = 1 - x;
  let weight = 0.5;
  for (let root = Math.sqrt(x);; root = Math.sqrt(root)) {
    const before = sum;
    sum -= (1 - root) * (1 - root) * weight;
    if (sum === before) return sum / 3;
    weight *= 0.5;
  }
}
