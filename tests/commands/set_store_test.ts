/**
 * Sets stored by SINTERSTORE and its kin, and copies of them, beside the real Redis: large ones that
 * are copied whole, and those on the borders between encodings.
 */

import { Pair } from "../kit/differential.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const { seed, size } = flags(8);
const KEYS = ["a", "b", "c"];
const UNORDERED = { unordered: true } as const;

/** Integers, texts or both; now and then one too long for a packed set. */
function members(chance: Seeded, kind: number, count: number): string[] {
  return Array.from({ length: count }, () => {
    const n = chance.below(2 * count + 1);
    if (kind === 0 || (kind === 2 && chance.chance(0.9))) return String(n);
    return `member:${n}` + (chance.chance(0.002) ? "x".repeat(70) : "");
  });
}

/** Makes a set, which may be large by its past only. */
async function fill(pair: Pair, chance: Seeded, key: string): Promise<void> {
  await pair.both("DEL", key);
  if (chance.chance(0.1)) return;
  const kind = chance.below(3);
  const all = members(chance, kind, chance.pick([20, 100, 200, 600, 1500]));
  await pair.both("SADD", key, ...all);
  if (chance.chance(0.5)) return;
  const gone = chance.chance(0.4) && kind === 2
    ? all.filter((member) => member.startsWith("member"))
    : all.filter(() => chance.chance(0.9));
  if (gone.length > 0) await pair.both("SREM", key, ...gone);
}

async function check(pair: Pair, key: string): Promise<void> {
  await pair.bothWith(UNORDERED, "SMEMBERS", key);
  await pair.both("OBJECT", "ENCODING", key);
}

Deno.test({
  name: "what is stored of several sets, and a copy of it, is what Redis stores",
  ...withRedis,
  async fn() {
    const chance = new Seeded(seed);
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    await using pair = await Pair.open(redis.port, redeno.port);
    for (let round = 0; round < size; round++) {
      for (const key of KEYS) await fill(pair, chance, key);
      for (let i = 0; i < 10; i++) {
        const operation = chance.pick(["SINTER", "SUNION", "SDIFF"]);
        const keys = Array.from({ length: chance.between(1, 4) }, () => chance.pick(KEYS));
        await pair.bothWith(UNORDERED, operation, ...keys);
        await pair.both(`${operation}STORE`, "stored", ...keys);
        await check(pair, "stored");
        await pair.both("COPY", "stored", "copy", "REPLACE");
        await pair.both("SREM", "copy", ...members(chance, 1, 50));
        await pair.both("SADD", "copy", ...members(chance, 1, 50));
        for (const key of ["copy", "stored", ...KEYS]) await check(pair, key);
      }
    }
  },
});
