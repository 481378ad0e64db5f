/**
 * HyperLogLogs against the real Redis: replies, and the very bytes that GET returns, cached count
 * included; invalid ones; what the log makes of them.
 */

import { assertEquals } from "../kit/assert.ts";
import { Pair, type Step } from "../kit/differential.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { type Command, connect, fromLatin1 } from "../kit/resp_client.ts";
import { runScript } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [
    "arguments, and keys that do not exist",
    `A PFADD
     A PFADD h
     A GET h
     A PFADD h
     A GET h
     A OBJECT ENCODING h
     A PFCOUNT
     A PFCOUNT h
     A GET h
     A PFCOUNT nokey
     A PFCOUNT nokey nokey2
     A PFADD h ""
     A PFADD h "" a
     A GET h
     A PFCOUNT h
     A PFCOUNT h nokey
     A PFCOUNT h
     A GET h
     A PFADD h a
     A GET h
     A PFMERGE
     A PFMERGE h
     A GET h
     A PFMERGE new
     A GET new
     A PFMERGE new2 nokey
     A GET new2
     A PFCOUNT new2
     A PFMERGE all h new nokey
     A GET all
     A PFDEBUG
     A PFDEBUG ENCODING
     A PFDEBUG ENCODING nokey
     A PFDEBUG nosuch h
     A PFDEBUG ENCODING h x
     A PFDEBUG encoding h
     A PFDEBUG DECODE h
     A PFDEBUG DECODE new
     A PFDEBUG todense h
     A PFDEBUG TODENSE h
     A PFDEBUG ENCODING h
     A PFDEBUG DECODE h
     A GET h
     A PFDEBUG GETREG new
     A GET new
     A PFDEBUG ENCODING new
     A PFMERGE all h
     A GET all
     A PFMERGE h all
     A GET h
     A PFADD h b
     A GET h
     A PFCOUNT h
     A EXPIRE h 100
     A PFADD h c
     A PFMERGE h h
     A PERSIST h
     A PFSELFTEST x`,
  ],
  [
    "what is none is refused",
    `A SET s x
     A PFADD s a
     A PFCOUNT s
     A PFCOUNT s nokey
     A PFMERGE s
     A PFMERGE new s
     A PFDEBUG ENCODING s
     A SET s 12345
     A PFADD s a
     A SET s HYLL
     A PFADD s a
     A PFCOUNT s
     A SET s HYLL\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0
     A PFADD s a
     A SET s HYLL\x02\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0
     A PFADD s a
     A SET s HYLL\x01\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0
     A PFADD s a
     A PFCOUNT s
     A PFCOUNT s s
     A PFMERGE s
     A PFMERGE new s
     A PFDEBUG ENCODING s
     A PFDEBUG DECODE s
     A PFDEBUG TODENSE s
     A PFDEBUG GETREG s
     A GET s
     A SET s HYLL\x01\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\x80
     A PFCOUNT s
     A SET s HYLL\x01abc12345678\x7f\xff
     A PFCOUNT s
     A PFADD s a
     A PFCOUNT s
     A GET s
     A SET s hYLL\x01\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\x7f\xff
     A PFADD s a
     A SET s HYLL\x01\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\x7f\xff
     A OBJECT ENCODING s
     A PFCOUNT s
     A OBJECT ENCODING s
     A SET s HYLL\x01\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\x7f\xff
     A PFADD s
     A OBJECT ENCODING s
     A PFADD s a
     A GET s
     A RPUSH l x
     A PFADD l a
     A PFCOUNT l
     A PFCOUNT s l
     A PFMERGE l s
     A PFMERGE s l
     A PFDEBUG ENCODING l`,
  ],
  [
    "WATCH notices what the count changes",
    `A PFADD h a
     A WATCH h
     B PFCOUNT h
     A MULTI
     A EXEC
     A WATCH h
     B PFCOUNT h
     A MULTI
     A EXEC
     A WATCH h
     B PFADD h a
     A MULTI
     A EXEC
     A WATCH h
     B PFDEBUG TODENSE h
     A MULTI
     A EXEC`,
  ],
];

Deno.test({ name: "HyperLogLogs are those of Redis", ...withRedis }, async (t) => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);
  for (const [name, script] of SCRIPTS) {
    await t.step(name, () => runScript(redis, redeno, script));
  }
  await t.step("the self-test passes", async () => {
    await using client = await connect(redeno.port);
    assertEquals(await client.callRaw("PFSELFTEST"), "+OK\r\n");
  });
  await t.step(
    "a growing one has the same bytes all the way to dense, and the same count",
    async () => {
      await using pair = await Pair.open(redis.port, redeno.port);
      const chance = new Seeded(flags(1).seed);
      let name = 0;
      for (let i = 0; i < 250; i++) {
        const elements = Array.from({ length: chance.between(1, 10 + i) }, () => `e:${name++}`);
        await pair.both("PFADD", "grow", ...elements);
        await pair.both("GET", "grow");
        await pair.both("PFCOUNT", "grow");
        await pair.both("GET", "grow");
      }
      assertEquals(await pair.both("PFDEBUG", "ENCODING", "grow"), {
        type: "simple",
        value: "dense",
      });
      await pair.both("PFDEBUG", "GETREG", "grow");
    },
  );
  await t.step("how long one stays sparse is a matter of hll-sparse-max-bytes", async () => {
    await using pair = await Pair.open(redis.port, redeno.port);
    for (const limit of ["0", "18", "20", "100", "16000"]) {
      await pair.both("CONFIG", "SET", "hll-sparse-max-bytes", limit);
      for (let i = 0; i < 60; i++) {
        await pair.both("PFADD", `max:${limit}`, `x${i}`, `y${i}`);
        await pair.both("GET", `max:${limit}`);
      }
    }
    for (let i = 0; i < 200; i++) {
      await pair.both("PFADD", "wide", ...Array.from({ length: 60 }, (_, k) => `w:${i}:${k}`));
      if (i % 10 === 0) await pair.both("GET", "wide");
    }
    await pair.both("PFDEBUG", "DECODE", "max:16000");
    await pair.both("PFDEBUG", "ENCODING", "wide");
    await pair.both("CONFIG", "SET", "hll-sparse-max-bytes", "3000");
  });
});

const KEYS = ["a", "b", "c", "d", "list", "corrupt"];

/** A corrupt one gets no more than one element: Redis would add some and then refuse the rest. */
function elements(chance: Seeded, key: string): string[] {
  if (key === "corrupt") return [String(chance.below(5000))];
  const count = chance.chance(0.05) ? chance.between(300, 900) : chance.below(12);
  return Array.from(
    { length: count },
    () => `${"x".repeat(chance.below(10))}${chance.below(5000)}`,
  );
}

/** Bytes that look like a sparse one, most of them corrupt. */
function invalid(chance: Seeded): Uint8Array {
  const header = `HYLL\x01\0\0\0${"\0".repeat(7)}${chance.pick(["\0", "\x80"])}`;
  const runs = Array.from({ length: chance.below(5) }, () => chance.pick(RUNS)).join("");
  return fromLatin1(header + runs);
}

/** None of them cut off: Redis reads and writes past the end of those. */
const RUNS = ["\x7f\xff", "\x7f\xfe", "\0", "\x84", "\xff", "\x3f", "\x40\x00"];

const MAKERS: readonly ((chance: Seeded, key: string) => Command)[] = [
  (chance, key) => ["PFADD", key, ...elements(chance, key)],
  (chance, key) => ["PFADD", key, ...elements(chance, key)],
  (_, key) => ["PFCOUNT", key],
  (chance, key) => ["PFCOUNT", key, chance.pick(KEYS)],
  (chance, key) => ["PFMERGE", key, chance.pick(KEYS), chance.pick(KEYS)],
  (_, key) => ["GET", key],
  (_, key) => ["GET", key],
  (_, key) => ["PFDEBUG", "ENCODING", key],
  (_, key) => ["PFDEBUG", "DECODE", key],
  (_, key) => ["OBJECT", "ENCODING", key],
];
const RARE: readonly ((chance: Seeded, key: string) => Command)[] = [
  (_, key) => ["DEL", key],
  (chance) => ["SET", "corrupt", invalid(chance)],
  (chance) => ["SETRANGE", "corrupt", String(chance.between(0, 30)), "\x84"],
  (_, key) => ["PFDEBUG", "TODENSE", key],
  () => ["APPEND", "corrupt", "\0"],
  () => ["RPUSH", "list", "x"],
];

function makeStep(chance: Seeded): Command | Step {
  return chance.pick(chance.chance(0.06) ? RARE : MAKERS)(chance, chance.pick(KEYS));
}

Deno.test(
  { name: "random HyperLogLogs have the bytes that Redis gives them", ...withRedis },
  async () => {
    const { seed, size } = flags(1500);
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    await pair.generated(seed, size, makeStep);
  },
);

Deno.test("HyperLogLogs are the same after a reload, cached counts included", async () => {
  const { seed, size } = flags(1000);
  const options = ["--save", "", "--appendonly", "yes", "--enable-debug-command", "yes"];
  await using redeno = await startRedeno(options);
  await using client = await connect(redeno.port);
  const chance = new Seeded(seed);
  await client.pipeline(Array.from({ length: size }, () => makeStep(chance) as Command));
  await client.pipeline([["PFADD", "fresh", "a"], ["PFCOUNT", "fresh"]]);
  const before = await client.callRaw("DEBUG", "DIGEST");
  const fresh = await client.callRaw("GET", "fresh");
  assertEquals(await client.callRaw("DEBUG", "LOADAOF"), "+OK\r\n");
  assertEquals(await client.callRaw("DEBUG", "DIGEST"), before);
  assertEquals(await client.callRaw("GET", "fresh"), fresh);
});
