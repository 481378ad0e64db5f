/** Places: geohashes and back, what covers a shape, and the order of what was found. */

import {
  type Cell,
  cellNumber,
  cellOf,
  cellSize,
  GEOHASH_LENGTH,
  LATITUDE_MAX,
  latitudeOf,
  longitudeOf,
  scoreOf,
  southOf,
  STEPS_MAX,
  westOf,
  writeGeohash,
} from "../../lib/types/geo/cell.ts";
import { distance_m } from "../../lib/types/geo/distance.ts";
import { FoundPlaces } from "../../lib/types/geo/found.ts";
import { coveringCells, type Shape, ShapeTest } from "../../lib/types/geo/shape.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

function randomPoint(chance: Seeded) {
  const part = () => chance.uint32() / 2 ** 31 - 1;
  return { longitude: part() * 180, latitude: part() * LATITUDE_MAX };
}

/** The scores of the points in a cell. */
function scoresOf(cell: Cell) {
  const size = cellSize(cell.steps);
  const min = cellNumber(cell) * size;
  return { min, max: min + size };
}

Deno.test("a score leads back to the cell of its point", () => {
  const { seed, size } = flags(2000);
  const chance = new Seeded(seed);
  for (let i = 0; i < size; i++) {
    const point = randomPoint(chance);
    const score = scoreOf(point.longitude, point.latitude);
    const { column, row } = cellOf(point, STEPS_MAX);
    const [west, east] = [westOf(column, STEPS_MAX), westOf(column + 1, STEPS_MAX)];
    const [south, north] = [southOf(row, STEPS_MAX), southOf(row + 1, STEPS_MAX)];
    assertEquals(longitudeOf(score), (west + east) / 2);
    assertEquals(latitudeOf(score), (south + north) / 2);
    for (let steps = 1; steps <= STEPS_MAX; steps++) {
      const { min, max } = scoresOf(cellOf(point, steps));
      assert(min <= score && score < max);
    }
  }
  const geohash = new Uint8Array(GEOHASH_LENGTH);
  writeGeohash(geohash, scoreOf(13.361389, 38.115556));
  assertEquals(String.fromCharCode(...geohash), "sqc8b49rny0");
});

Deno.test("no place in a shape lies outside of the cells that cover it", () => {
  const { seed, size } = flags(300);
  const chance = new Seeded(seed);
  for (let i = 0; i < size; i++) {
    const center = randomPoint(chance);
    if (Math.abs(center.latitude) > 80) continue; // Redis's estimate is rough near the poles
    const reach = 10 ** chance.between(0, 5);
    const shape: Shape = chance.chance(0.5)
      ? { center, unit_m: 1, form: { radius: reach } }
      : { center, unit_m: 0.3048, form: { width: reach, height: reach * chance.pick([0.5, 3]) } };
    const test = new ShapeTest(shape);
    const ranges = coveringCells(shape).map(scoresOf);
    for (let k = 0; k < 40; k++) {
      const spread = (reach / 111_000) * 1.5;
      const longitude = center.longitude + (chance.uint32() / 2 ** 31 - 1) * spread * 2;
      const latitude = center.latitude + (chance.uint32() / 2 ** 31 - 1) * spread;
      if (Math.abs(longitude) > 180) continue;
      const distance = distance_m(center.longitude, center.latitude, longitude, latitude);
      if ("radius" in shape.form) {
        assertEquals(test.distanceTo_m(longitude, latitude), distance <= reach ? distance : -1);
      }
      if (test.distanceTo_m(longitude, latitude) < 0) continue;
      const score = scoreOf(longitude, latitude);
      assert(ranges.some(({ min, max }) => min <= score && score < max), JSON.stringify(shape));
    }
  }
});

Deno.test("near places are as far apart as the plain formula says", () => {
  const chance = new Seeded(flags(0).seed);
  let differing = 0;
  for (let i = 0; i < 5000; i++) {
    const { longitude, latitude } = randomPoint(chance);
    const [east, north] = [0, 1].map(() =>
      (chance.uint32() / 2 ** 31 - 1) * 10 ** -chance.below(8)
    );
    const radians = (degrees: number) => degrees * (Math.PI / 180);
    const [phi1, phi2] = [radians(latitude), radians(latitude + north)];
    const u = Math.sin((phi2 - phi1) / 2);
    const v = Math.sin((radians(longitude + east) - radians(longitude)) / 2);
    const square = u * u + Math.cos(phi1) * Math.cos(phi2) * v * v;
    const plain = 2 * 6372797.560856 * Math.asin(Math.sqrt(square));
    const ours = distance_m(longitude, latitude, longitude + east, latitude + north);
    assert(Math.abs(ours - plain) <= plain * 2 ** -51);
    if (ours !== plain) differing++;
  }
  assert(differing <= 5, `${differing} of 5000 differ in the last bit`);
});

Deno.test("along a meridian the distance is the arc, with no rounding by sines", () => {
  const chance = new Seeded(flags(0).seed);
  for (let i = 0; i < 1000; i++) {
    const [from, to] = [randomPoint(chance), randomPoint(chance)];
    const arc = Math.abs(to.latitude * (Math.PI / 180) - from.latitude * (Math.PI / 180));
    const distance = distance_m(from.longitude, from.latitude, from.longitude, to.latitude);
    assertEquals(distance, 6372797.560856 * arc);
  }
});

Deno.test("places that are equally far stay in the order in which they were found", () => {
  const chance = new Seeded(flags(0).seed);
  for (const count of [1, 20, 500]) {
    const found = new FoundPlaces();
    const distances = Array.from({ length: count }, () => chance.below(10));
    const name = new Uint8Array(count);
    distances.forEach((distance, i) => found.add(name, i, i + 1, i, distance));
    for (const descending of [false, true]) {
      found.clear();
      distances.forEach((distance, i) => found.add(name, i, i + 1, i, distance));
      found.sort(descending);
      const expected = distances.map((distance, i) => ({ distance, i }))
        .sort((a, b) => descending ? b.distance - a.distance : a.distance - b.distance);
      const order = expected.map((_, rank) => found.startAt(rank));
      assertEquals(order, expected.map(({ i }) => i));
      assertEquals(found.distanceAt_m(0), expected[0].distance);
    }
    found.cut(1);
    assertEquals(found.count, 1);
  }
});
