/** The merge sort of SORT beside the sort of the language, and what selecting the first ones costs. */

import { Order } from "../../lib/commands/sort_selection.ts";
import { assertEquals, assertLess } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

/** Compares by weights, and counts how often. */
class Counter {
  count = 0;

  constructor(readonly weights: readonly number[]) {}

  compare(a: number, b: number): number {
    this.count++;
    return this.weights[a] - this.weights[b];
  }
}

function expected(weights: readonly number[], wanted: number): number[] {
  return weights.map((_, i) => i).sort((a, b) => weights[a] - weights[b]).slice(0, wanted);
}

Deno.test("any part of any weights comes in order, and equal ones stay as they stand", () => {
  const { seed, size } = flags(300);
  const chance = new Seeded(seed);
  const order = new Order();
  for (let round = 0; round < size; round++) {
    const count = chance.pick([0, 1, 2, 7, 8, 9, 16, 17, 64, 65, chance.below(1000)]);
    const spread = chance.pick([1, 3, 50, 1_000_000]);
    const weights = Array.from({ length: count }, () => chance.below(spread));
    const shape = chance.below(4);
    if (shape === 0) weights.sort((a, b) => a - b);
    if (shape === 1) weights.sort((a, b) => b - a);
    const wanted = chance.chance(0.5) ? count : chance.between(0, count);
    order.sort(count, wanted, new Counter(weights));
    assertEquals([...order.numbers.subarray(0, wanted)], expected(weights, wanted));
    order.release();
  }
});

Deno.test("memory is given back after many, and it sorts on", () => {
  const weights = Array.from({ length: 40_000 }, (_, i) => (i * 7919) % 40_000);
  const order = new Order();
  order.sort(weights.length, weights.length, new Counter(weights));
  assertEquals([...order.numbers.subarray(0, weights.length)], expected(weights, weights.length));
  order.release();
  assertLess(order.numbers.length, 100);
  order.sort(20, 20, new Counter(weights));
  assertEquals([...order.numbers.subarray(0, 20)], expected(weights.slice(0, 20), 20));
});

Deno.test("few of many are found with little more than a comparison for each, at the worst log m", () => {
  const count = 10_000;
  const wanted = 10;
  const order = new Order();
  const chance = new Seeded(1);
  const shuffled = new Counter(Array.from({ length: count }, () => chance.uint32()));
  order.sort(count, wanted, shuffled);
  assertLess(shuffled.count, count * 1.5);
  const falling = new Counter(Array.from({ length: count }, (_, i) => -i));
  order.sort(count, wanted, falling);
  assertEquals([...order.numbers.subarray(0, wanted)], expected(falling.weights, wanted));
  assertLess(falling.count, count * 8);
});
