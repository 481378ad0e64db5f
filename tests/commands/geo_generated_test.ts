/** Random commands on places, to the real Redis and to redeno. */

import type { Command, Step } from "../kit/differential.ts";
import { Pair } from "../kit/differential.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const KEYS = ["g1", "g2", "g3", "none", "string"];
/**
 * Where distances are stored. Only their order is compared: C's sines are not always the nearest
 * doubles, so that the last of 17 digits can differ.
 */
const DISTANCES = "distances";
const UNITS = ["m", "km", "ft", "mi", "KM", "x"];
const MEMBERS = Array.from({ length: 60 }, (_, i) => `place:${i}`);
/** Edges of the map, the poles as far as they are on it, and points with the same coordinates. */
const LONGITUDES = ["0", "180", "-180", "179.999999", "-179.999999", "13.361389", "15", "1e-5"];
const LATITUDES = ["0", "85.05112878", "-85.05112878", "80.5", "-66.5", "38.115556", "37", "-1e-5"];
const RADII = ["0", "0.5", "1", "100", "200", "1500", "5000", "21000", "1e6", "1e9"];
const ODD = ["x", "", "181", "-90", "nan", "inf", "-1"];

function coordinate(chance: Seeded, known: readonly string[], max: number): string {
  if (chance.chance(0.02)) return chance.pick(ODD);
  if (known.length > 0 && chance.chance(0.4)) return chance.pick(known);
  return String((chance.uint32() / 2 ** 31 - 1) * max);
}

/**
 * Longitude and latitude: anywhere, or (half of all) near one place, so that searches find some. No two
 * points are the same: the order of equal distances is Redis's sorting algorithm's affair.
 */
function point(chance: Seeded): string[] {
  if (chance.chance(0.5)) {
    return [15, 37].map((degrees) => String(degrees + (chance.uint32() / 2 ** 32 - 0.5) * 4));
  }
  const known = chance.chance(0.5);
  return [
    coordinate(chance, known ? LONGITUDES : [], 180),
    coordinate(chance, known ? [] : LATITUDES, 85),
  ];
}

const radius = (chance: Seeded) => chance.chance(0.03) ? chance.pick(ODD) : chance.pick(RADII);
const unit = (chance: Seeded) => chance.chance(0.02) ? "x" : chance.pick(UNITS.slice(0, 5));

function maybe(chance: Seeded, probability: number, ...words: string[]): string[] {
  return chance.chance(probability) ? words : [];
}

/** Options of a search. COUNT with ANY takes those that come first: that order is the same, too. */
function options(chance: Seeded): string[] {
  const count = chance.pick(["1", "2", "5", "50", "0", "x"]);
  return [
    ...maybe(chance, 0.3, "WITHDIST"),
    ...maybe(chance, 0.3, "WITHCOORD"),
    ...maybe(chance, 0.3, "WITHHASH"),
    ...maybe(chance, 0.4, chance.pick(["ASC", "DESC", "asc"])),
    ...maybe(chance, 0.3, "COUNT", count, ...maybe(chance, 0.5, "ANY")),
    ...maybe(chance, 0.02, "ANY"),
  ];
}

function searched(chance: Seeded): string[] {
  const from = chance.chance(0.5)
    ? ["FROMLONLAT", ...point(chance)]
    : ["FROMMEMBER", chance.pick(MEMBERS)];
  const by = chance.chance(0.5)
    ? ["BYRADIUS", radius(chance), unit(chance)]
    : ["BYBOX", radius(chance), radius(chance), unit(chance)];
  const parts = chance.chance(0.5) ? [...from, ...by] : [...by, ...from];
  return [...parts, ...maybe(chance, 0.02, ...from), ...maybe(chance, 0.02, "BYRADIUS", "1", "m")];
}

function storing(chance: Seeded): string[] {
  if (chance.chance(0.6)) return [];
  return chance.chance(0.5) ? ["STORE", chance.pick(KEYS)] : ["STOREDIST", DISTANCES];
}

/** A score that GEOADD would not make: negative, broken, or larger than any geohash. */
function oddScore(chance: Seeded): string {
  const score = chance.below(2 ** 40) + 0.5;
  return String(score * chance.pick([1, -1, 2 ** 20]));
}

const MAKERS: readonly ((chance: Seeded, key: string) => Command)[] = [
  (chance, key) => ["GEOADD", key, ...point(chance), chance.pick(MEMBERS)],
  (chance, key) => [
    "GEOADD",
    key,
    ...maybe(chance, 0.2, chance.pick(["NX", "XX", "CH", "ch"])),
    ...maybe(chance, 0.1, chance.pick(["NX", "XX", "CH", "INCR"])),
    ...Array.from({ length: 4 }, () => [...point(chance), chance.pick(MEMBERS)]).flat(),
  ],
  (chance, key) => ["GEOSEARCH", key, ...searched(chance), ...options(chance)],
  (chance, key) => ["GEOSEARCH", key, ...searched(chance), ...options(chance)],
  (chance, key) => [
    "GEOSEARCHSTORE",
    chance.pick(KEYS),
    key,
    ...searched(chance),
    ...maybe(chance, 0.3, "COUNT", "3"),
    ...maybe(chance, 0.05, "WITHDIST"),
  ],
  (chance, key) => ["GEOSEARCHSTORE", DISTANCES, key, ...searched(chance), "STOREDIST"],
  () => ["ZRANGE", DISTANCES, "0", "-1"],
  (chance, key) => [
    chance.pick(["GEORADIUS", "GEORADIUS_RO"]),
    key,
    ...point(chance),
    radius(chance),
    unit(chance),
    ...options(chance),
    ...storing(chance),
  ],
  (chance, key) => [
    chance.pick(["GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"]),
    key,
    chance.pick(MEMBERS),
    radius(chance),
    unit(chance),
    ...options(chance),
    ...storing(chance),
  ],
  (chance, key) => [
    "GEODIST",
    key,
    chance.pick(MEMBERS),
    chance.pick(MEMBERS),
    ...maybe(chance, 0.6, unit(chance)),
  ],
  (chance, key) => ["GEOPOS", key, chance.pick(MEMBERS), chance.pick(MEMBERS)],
  (chance, key) => ["GEOHASH", key, chance.pick(MEMBERS), chance.pick(MEMBERS)],
  (_, key) => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
  (chance, key) => ["ZADD", key, oddScore(chance), chance.pick(MEMBERS)],
];

function makeStep(chance: Seeded): Command | Step {
  if (chance.chance(0.01)) return chance.pick([["SET", "string", "x"], ["DEL", "g1", "g2"]]);
  return chance.pick(MAKERS)(chance, chance.pick(KEYS));
}

Deno.test({
  name: "random commands on places get the replies that Redis gives",
  ...withRedis,
  async fn(t) {
    const { seed, size } = flags(2000);
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    await t.step("in packed sets, RESP2", () => pair.generated(seed, size, makeStep));
    await t.step("in large sets, RESP3", async () => {
      const setup = [["HELLO", "3"], ["CONFIG", "SET", "zset-max-listpack-entries", "4"]];
      await pair.generated(seed + 1, size, makeStep, { setup });
    });
  },
});
