/**
 * Fields by chance, for HRANDFIELD. Promise: each field that has not expired is equally likely,
 * whatever form the hash has.
 */

import type { Ref } from "../../keyspace/database.ts";
import type { Random } from "../../platform/random.ts";
import type { FieldVisitor, Hash } from "./hash.ts";
import type { HashTable } from "./hash_table.ts";

/** So many draws may meet expired fields before the others are looked for one by one. */
const DRAWS_MAX = 64;
/** Up to this part of all, distinct fields are drawn until they are; beyond it all are listed. */
const DRAWN_PART = 1 / 3;
/** Places of so many pairs are room enough for nearly all packed hashes. */
const PLACES_MIN = 512;

/** Visits `count` fields, the same one again and again perhaps. The hash must not be empty. */
export function drawFields(hash: Hash, count: number, random: Random, visit: FieldVisitor): void {
  const { table } = hash;
  if (table === undefined) return drawPacked(hash, count, random, visit);
  let living: Ref[] | undefined; // listed only where chance does not find them
  while (count > 0) {
    let ref = living === undefined ? table.random(random) : living[random.below(living.length)];
    for (let draws = 1; living === undefined && hash.isExpired(ref); draws++) {
      if (draws < DRAWS_MAX) {
        ref = table.random(random);
      } else {
        living = livingOf(hash, table);
        ref = living[random.below(living.length)];
      }
    }
    hash.show(ref, visit);
    count--;
  }
}

/** Visits `count` different fields of the `size` that there are, which must be more. */
export function sampleFields(
  hash: Hash,
  count: number,
  random: Random,
  visit: FieldVisitor,
  size = hash.size,
): void {
  const { table } = hash;
  if (table === undefined) return samplePacked(hash, count, size, random, visit);
  const chosen = count <= size * DRAWN_PART && size === table.size
    ? drawDistinct(table, count, random)
    : shuffled(livingOf(hash, table), count, random);
  for (const ref of chosen) hash.show(ref, visit);
}

/** One pass: each field is taken with the chance that is right for those still wanted. */
function samplePacked(
  hash: Hash,
  count: number,
  size: number,
  random: Random,
  visit: FieldVisitor,
): void {
  const run = hash.packed;
  for (let left = size; count > 0; left--) {
    run.next();
    if (random.below(left) >= count) continue;
    count--;
    run.show(visit);
  }
}

/** Where the pairs of a packed hash begin; used again and again. */
let places = new Int32Array(PLACES_MIN);

function drawPacked(hash: Hash, count: number, random: Random, visit: FieldVisitor): void {
  const run = hash.packed;
  if (count === 1) {
    for (let skip = random.below(hash.size); skip >= 0; skip--) run.next();
    return run.show(visit);
  }
  let size = 0;
  while (run.next()) {
    if (size === places.length) places = doubled(places);
    places[size++] = run.at;
  }
  for (; count > 0; count--) {
    run.goTo(places[random.below(size)]);
    run.next();
    run.show(visit);
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * array.length);
  longer.set(array);
  return longer;
}

function drawDistinct(table: HashTable, count: number, random: Random): Iterable<Ref> {
  const chosen = new Set<Ref>();
  while (chosen.size < count) chosen.add(table.random(random));
  return chosen;
}

function livingOf(hash: Hash, table: HashTable): Ref[] {
  const living: Ref[] = [];
  table.table.forEach((ref) => {
    if (!hash.isExpired(ref)) living.push(ref);
  });
  return living;
}

/** The first `count` of a shuffle (Fisher and Yates). */
function shuffled(refs: Ref[], count: number, random: Random): Ref[] {
  for (let i = 0; i < count; i++) {
    const k = i + random.below(refs.length - i);
    [refs[i], refs[k]] = [refs[k], refs[i]];
  }
  refs.length = count;
  return refs;
}
