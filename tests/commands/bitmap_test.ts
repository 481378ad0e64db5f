/**
 * Bits of strings against the real Redis: SETBIT GETBIT BITCOUNT BITPOS BITOP BITFIELD BITFIELD_RO,
 * byte for byte, and what the log makes of them.
 */

import { assertEquals } from "../kit/assert.ts";
import { Pair, type Step } from "../kit/differential.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { type Command, connect } from "../kit/resp_client.ts";
import { runScript } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [
    "arguments are counted and checked",
    `A SETBIT k 1
     A SETBIT k 1 1 1
     A SETBIT k -1 1
     A SETBIT k x 1
     A SETBIT k 4294967296 1
     A SETBIT k 4294967295 2
     A SETBIT k 1 x
     A SETBIT k 1 2
     A SETBIT k 1 -1
     A SETBIT k #1 1
     A GETBIT k
     A GETBIT k -1
     A GETBIT k 4294967295
     A GETBIT k 4294967296
     A GETBIT k 99999999999999999999
     A GETBIT k 1.5
     A BITCOUNT
     A BITCOUNT k 1
     A SET k foobar
     A BITCOUNT k 1
     A BITCOUNT k 1 x
     A BITCOUNT k x 1
     A BITCOUNT k 1 2 nibble
     A BITCOUNT k 1 2 BIT x
     A BITCOUNT k -1 -2 nibble
     A BITPOS k
     A BITPOS k 2
     A BITPOS k x
     A BITPOS k 1 x
     A BITPOS k 1 1 x
     A BITPOS k 1 1 2 nibble
     A BITPOS k 1 x 2 nibble
     A BITPOS k 1 1 x nibble
     A BITPOS k 1 1 2 BIT x
     A BITPOS nokey 1 x
     A BITOP
     A BITOP AND d
     A BITOP nand d k
     A BITOP NOT d k k
     A BITOP NOT d
     A BITFIELD
     A BITFIELD k
     A BITFIELD_RO k
     A BITFIELD k GET
     A BITFIELD k GET u8
     A BITFIELD k get u64 0
     A BITFIELD k GET i65 0
     A BITFIELD k GET u0 0
     A BITFIELD k GET I8 0
     A BITFIELD k GET u08 0
     A BITFIELD k GET i 0
     A BITFIELD k GET "" 0
     A BITFIELD k GET u8 -1
     A BITFIELD k GET u8 x
     A BITFIELD k GET u8 #
     A BITFIELD k GET u8 #-1
     A BITFIELD k GET u8 ##1
     A BITFIELD k GET u8 #9223372036854775807
     A BITFIELD k GET u4 #4611686018427387904
     A BITFIELD k GET u8 4294967295
     A BITFIELD k GET u8 4294967296
     A BITFIELD k SET u8 0
     A BITFIELD k SET u8 0 x
     A BITFIELD k SET u8 0 9223372036854775808
     A BITFIELD k OVERFLOW
     A BITFIELD k OVERFLOW x
     A BITFIELD k OVERFLOW WRAP
     A BITFIELD k OVERFLOW wrap OVERFLOW sat GET u8 0
     A BITFIELD k GET u8 0 nosuch
     A BITFIELD_RO k SET u8 0 1
     A BITFIELD_RO k INCRBY u8 0 1
     A BITFIELD_RO k GET u8 0 SET u8 0 1
     A BITFIELD_RO k OVERFLOW FAIL GET u8 0
     A GET k`,
  ],
  [
    "a key of another type is refused, after the arguments",
    `A RPUSH l a
     A SETBIT l 0 1
     A SETBIT l x 1
     A GETBIT l 0
     A BITCOUNT l
     A BITCOUNT l 1
     A BITPOS l 1
     A BITPOS l 2
     A SET s x
     A BITOP AND d s l
     A BITOP NOT d l
     A BITOP AND l s nokey
     A TYPE l
     A RPUSH l a
     A BITFIELD l GET u8 0
     A BITFIELD l SET u8 0 1
     A BITFIELD l GET u8 x
     A BITFIELD_RO l GET u8 0
     A BITOP OR l nokey
     A EXISTS l`,
  ],
  [
    "encodings follow what is written to in place",
    `A SET n 12345
     A SETBIT n 0 0
     A OBJECT ENCODING n
     A GET n
     A SET n 12345
     A BITFIELD n GET u8 0
     A OBJECT ENCODING n
     A BITFIELD n SET u8 0 49
     A OBJECT ENCODING n
     A SET e abc
     A BITFIELD e OVERFLOW FAIL INCRBY u2 0 7
     A OBJECT ENCODING e
     A BITOP OR d n
     A OBJECT ENCODING d
     A SETBIT new 3 0
     A OBJECT ENCODING new
     A GET new
     A STRLEN new
     A SET x 1 EX 100
     A SETBIT x 100 1
     A BITFIELD x SET u8 #20 1
     A PERSIST x
     A SET d 1 EX 100
     A BITOP XOR d n e
     A TTL d
     A BITFIELD grown OVERFLOW FAIL INCRBY u2 100 9
     A EXISTS grown
     A STRLEN grown
     A WATCH grown
     A MULTI
     A EXEC`,
  ],
  [
    "fields wrap, saturate and fail at 63 and 64 bits",
    `A BITFIELD k SET i64 3 -9223372036854775808 GET i64 3 GET u63 3 GET u63 4
     A BITFIELD k INCRBY i64 3 -1 OVERFLOW SAT INCRBY i64 3 1 INCRBY i64 3 9223372036854775807
     A BITFIELD k OVERFLOW FAIL INCRBY i64 3 1 OVERFLOW SAT INCRBY i64 3 1 INCRBY i64 3 -5
     A BITFIELD k SET u63 9 9223372036854775807 INCRBY u63 9 1 INCRBY u63 9 -1
     A BITFIELD k OVERFLOW SAT SET u63 9 -1 SET u63 9 -2 INCRBY u63 9 -9223372036854775808
     A BITFIELD k OVERFLOW FAIL SET u63 9 -1 SET u8 0 256 SET u8 0 -1 SET i8 0 128 SET i8 0 -129
     A BITFIELD k OVERFLOW SAT SET u8 0 256 SET u8 0 -1 SET i8 0 128 GET i8 0 SET i8 0 -129 GET i8 0
     A BITFIELD k OVERFLOW WRAP SET u8 0 257 SET u8 0 -1 SET i8 0 130 GET i8 0 SET i8 0 -200
     A BITFIELD k OVERFLOW SAT SET i27 0 -9223372036854775808 GET i27 0
     A BITFIELD k OVERFLOW SAT SET i27 0 -9223372036787666945 GET i27 0
     A BITFIELD k OVERFLOW SAT SET i27 0 -9223372036787666944 GET i27 0
     A BITFIELD k SET i1 0 1 SET i1 0 -1 SET u1 0 1 INCRBY u1 0 1 INCRBY i1 0 1
     A BITFIELD k INCRBY u8 0 9223372036854775807 INCRBY i8 0 -9223372036854775808
     A BITFIELD k OVERFLOW SAT INCRBY i33 5 9223372036854775807 INCRBY u50 5 9223372036854775807
     A BITFIELD k SET i53 1 4503599627370495 INCRBY i53 1 1 SET u54 2 18014398509481983
     A BITFIELD k SET u8 #5 7 GET u8 #5 GET u8 40 GET i5 #8
     A HELLO 3
     A BITFIELD k OVERFLOW FAIL INCRBY u2 0 7 GET u2 0
     A GET k`,
  ],
];

Deno.test({ name: "bits are handled as Redis handles them", ...withRedis }, async (t) => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);
  for (const [name, script] of SCRIPTS) {
    await t.step(name, () => runScript(redis, redeno, script));
  }
});

const KEYS = ["a", "b", "c", "long", "list"];
const NUMBERS = ["0", "1", "-1", "2", "5", "7", "8", "9", "15", "16", "31", "-2", "-9", "100"]
  .concat("-100", "1000", "9223372036854775807", "-9223372036854775808");
const VALUES = ["", "\0", "\xff", "\xff\xff", "\0\0\x01", "\xff".repeat(80), "\0".repeat(90)]
  .concat("foobar", "123", "\xff".repeat(100) + "\x7f\xff", "\0".repeat(71) + "\x10");

function fieldType(chance: Seeded): string {
  return chance.chance(0.5) ? `i${chance.between(1, 64)}` : `u${chance.between(1, 63)}`;
}

function amount(chance: Seeded): string {
  if (chance.chance(0.4)) return chance.pick(NUMBERS);
  const bits = BigInt(chance.between(1, 63));
  const value = BigInt.asUintN(Number(bits), BigInt(chance.uint32()) * 4294967299n);
  return String(chance.chance(0.5) ? value : -value);
}

function operation(chance: Seeded): string[] {
  const offset = chance.chance(0.3)
    ? `#${chance.below(6)}`
    : String(chance.below(chance.chance(0.1) ? 2000 : 150));
  const type = fieldType(chance);
  return chance.pick<() => string[]>([
    () => ["GET", type, offset],
    () => ["SET", type, offset, amount(chance)],
    () => ["INCRBY", type, offset, amount(chance)],
    () => [
      "OVERFLOW",
      chance.pick(["WRAP", "SAT", "FAIL"]),
      "INCRBY",
      type,
      offset,
      amount(chance),
    ],
    () => ["OVERFLOW", chance.pick(["WRAP", "SAT", "FAIL"]), "SET", type, offset, amount(chance)],
  ])();
}

function operations(chance: Seeded): string[] {
  return Array.from({ length: chance.between(1, 4) }, () => operation(chance)).flat();
}

function range(chance: Seeded): string[] {
  const numbers = [chance.pick(NUMBERS), chance.pick(NUMBERS)];
  return chance.pick([[], numbers, numbers, [...numbers, "BIT"], [...numbers, "byte"]]);
}

function nearOffset(chance: Seeded): string {
  return String(chance.chance(0.9) ? chance.below(300) : chance.below(20_000));
}

const MAKERS: readonly ((chance: Seeded, key: string) => Command)[] = [
  (chance, key) => ["SETBIT", key, nearOffset(chance), chance.pick(["0", "1"])],
  (chance, key) => ["SETBIT", key, nearOffset(chance), chance.pick(["0", "1"])],
  (chance, key) => ["GETBIT", key, nearOffset(chance)],
  (chance, key) => ["BITCOUNT", key, ...range(chance)],
  (chance, key) => ["BITPOS", key, chance.pick(["0", "1"]), ...range(chance)],
  (chance, key) => ["BITPOS", key, chance.pick(["0", "1"]), chance.pick(NUMBERS)],
  (chance, key) => ["BITOP", chance.pick(["AND", "OR", "XOR"]), key, ...keys(chance)],
  (chance, key) => ["BITOP", "NOT", key, chance.pick(KEYS)],
  (chance, key) => ["BITFIELD", key, ...operations(chance)],
  (chance, key) => ["BITFIELD", key, ...operations(chance)],
  (chance, key) => ["BITFIELD_RO", key, "GET", fieldType(chance), nearOffset(chance)],
  (chance, key) => ["SET", key, chance.pick(VALUES)],
  (_, key) => ["GET", key],
  (_, key) => ["OBJECT", "ENCODING", key],
  (_, key) => ["DEL", key],
  () => ["RPUSH", "list", "x"],
  (chance) => ["SET", "long", "\xff\0a".repeat(chance.between(20_000, 40_000))],
];

function keys(chance: Seeded): string[] {
  return Array.from({ length: chance.between(1, 3) }, () => chance.pick(KEYS));
}

function makeStep(chance: Seeded): Command | Step {
  return chance.pick(MAKERS)(chance, chance.pick(KEYS));
}

Deno.test(
  { name: "random operations on bits get the replies that Redis gives", ...withRedis },
  async () => {
    const { seed, size } = flags(3000);
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    await pair.generated(seed, size, makeStep);
    await pair.generated(seed + 1, size, makeStep, { setup: [["HELLO", "3"]] });
  },
);

Deno.test("what was done to bits is the same after a reload", async () => {
  const { seed, size } = flags(1500);
  await using redeno = await startRedeno([
    "--save",
    "",
    "--appendonly",
    "yes",
    "--enable-debug-command",
    "yes",
  ]);
  await using client = await connect(redeno.port);
  const chance = new Seeded(seed);
  const commands = Array.from({ length: size }, () => makeStep(chance) as Command);
  await client.pipeline(commands);
  await client.call("BITFIELD", "grown", "OVERFLOW", "FAIL", "INCRBY", "u2", "100", "9");
  const before = await client.callRaw("DEBUG", "DIGEST");
  assertEquals(await client.callRaw("DEBUG", "LOADAOF"), "+OK\r\n");
  assertEquals(await client.callRaw("DEBUG", "DIGEST"), before);
  assertEquals(await client.callRaw("STRLEN", "grown"), ":13\r\n");
});

Deno.test(
  { name: "large strings are combined in place, whatever stood there", ...withRedis },
  async () => {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    const megabytes = (count: number, text: string) => text.repeat((count << 20) / text.length);
    await pair.both("SET", "a", megabytes(9, "\xf0\x55ab"));
    await pair.both("SET", "b", megabytes(10, "\x0f\xaazz"));
    await pair.both("RPUSH", "list", "x");
    const check = async (...command: Command) => {
      const target = String(command[2]);
      await pair.both(...command);
      for (const words of [["BITCOUNT", target], ["TTL", target], ["OBJECT", "ENCODING", target]]) {
        await pair.both(...words);
      }
      for (const at of [0, 4_500_001, (9 << 20) - 3]) {
        await pair.both("GETRANGE", target, String(at), String(at + 20));
      }
    };
    await check("BITOP", "XOR", "new", "a", "b", "none");
    await check("BITOP", "AND", "list", "a", "b");
    await pair.both("SET", "short", "x", "EX", "1000");
    await check("BITOP", "OR", "short", "a", "short");
    await check("BITOP", "NOT", "a", "a");
    await check("BITOP", "XOR", "a", "b", "a");
    await check("BITOP", "AND", "b", "short");
  },
);
