/** DUMP and RESTORE beside the real Redis: options, errors, events, what is logged. */

import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { bodyOf, dumpOf, hex, sealed } from "../persistence/rdb/dump_kit.ts";
import { connect } from "../kit/resp_client.ts";
import { latin1 } from "../kit/resp_reply.ts";

const options = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const HELLO = sealed(hex("00 05 68656c6c6f"));

async function withPair(
  test: (pair: Pair, another: () => Promise<Pair>) => Promise<void>,
): Promise<void> {
  await using redis = await startRedis(["--appendonly", "yes", "--enable-debug-command", "yes"]);
  await using redeno = await startRedeno(["--enable-debug-command", "yes", "--appendonly", "yes"]);
  await using pair = await Pair.open(redis.port, redeno.port);
  await test(pair, () => Pair.open(redis.port, redeno.port));
}

Deno.test({
  name: "RESTORE takes its options and refuses what is wrong as Redis does",
  ...options,
  fn: () =>
    withPair(async (pair) => {
      const soon = String(Date.now() + 100_000);
      await pair.both("RESTORE", "k", "0", HELLO);
      await pair.both("GET", "k");
      await pair.both("DUMP", "k");
      await pair.both("DUMP", "missing");
      await pair.both("RESTORE", "k", "0", HELLO);
      await pair.both("RESTORE", "k", "0", HELLO, "REPLACE");
      await pair.both("RESTORE", "k", "0", "not looked at");
      await pair.both("RESTORE", "k", soon, HELLO, "replace", "absttl");
      await pair.both("PEXPIRETIME", "k");
      await pair.both("RESTORE", "k", "9999999999", HELLO, "REPLACE");
      await pair.bothWith({ ignore: true }, "PTTL", "k");
      await pair.both("RESTORE", "k", "1", HELLO, "REPLACE", "ABSTTL");
      await pair.both("EXISTS", "k");
      await pair.both("RESTORE", "k", "1", HELLO, "ABSTTL");
      await pair.both("EXISTS", "k");
      for (const ttl of ["-1", "x", "1.5", "", "9223372036854775808"]) {
        await pair.both("RESTORE", "k", ttl, HELLO);
      }
      for (const words of ["NX", "REPLACE NX", "IDLETIME", "FREQ", "REPLACE IDLETIME"]) {
        await pair.both("RESTORE", "k", "0", HELLO, ...words.split(" "));
      }
      for (const words of ["IDLETIME x", "IDLETIME -1", "FREQ x", "FREQ -1", "FREQ 256"]) {
        await pair.both("RESTORE", "k", "0", HELLO, ...words.split(" "));
      }
      await pair.both("RESTORE", "k", "0", HELLO, "IDLETIME", "1", "FREQ", "1");
      await pair.both("RESTORE", "k", "0", HELLO, "FREQ", "1", "IDLETIME", "1");
      await pair.both("RESTORE", "k", "0");
      await pair.both("DUMP");
      await pair.both("DUMP", "a", "b");
      await pair.both("EXISTS", "k");
      await pair.both("RESTORE", "k", "0", HELLO, "REPLACE", "IDLETIME", "1000");
      const idle = await pair.right.call("OBJECT", "IDLETIME", "k");
      assert(idle.type === "int" && idle.value >= 1000 && idle.value < 1010, JSON.stringify(idle));
      await pair.both("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu");
      await pair.both("RESTORE", "k", "0", HELLO, "REPLACE", "FREQ", "77");
      await pair.both("OBJECT", "FREQ", "k");
    }),
});

Deno.test({
  name: "a payload with a wrong checksum, version or value is refused in Redis's words",
  ...options,
  fn: () =>
    withPair(async (pair) => {
      const flipped = Uint8Array.from(HELLO, (byte, i) => i === 3 ? byte ^ 1 : byte);
      const wrong = [flipped, HELLO.subarray(0, 9), HELLO.subarray(1), hex(""), hex("00")];
      for (const payload of wrong) await pair.both("RESTORE", "k", "0", payload);
      await pair.both("RESTORE", "k", "0", sealed(bodyOf(HELLO), 99));
      await pair.both("RESTORE", "k", "0", sealed(bodyOf(HELLO), 1));
      await pair.both("DEL", "k");
      const broken = [
        "",
        "00",
        "00 c4 00",
        "00 c3 02 05 0061",
        "02 00",
        "02 02 01 61 01 61",
        "0b 08 03000000 00000000",
        "0b 08 02000000 00000000",
        "08 01 61",
        "1e 01 61",
        "f7 01",
        "12 01 01 00",
      ];
      for (const body of broken) await pair.both("RESTORE", "k", "0", sealed(hex(body)));
      await pair.both("EXISTS", "k");
      await pair.both("SET", "k", "old");
      for (const body of broken) await pair.both("RESTORE", "k", "0", sealed(hex(body)), "REPLACE");
      await pair.both("GET", "k");
      // What stands behind the value is not looked at.
      await pair.both("RESTORE", "k", "0", sealed(hex("00 01 61 62 63")), "REPLACE");
      await pair.both("GET", "k");
    }),
});

Deno.test({
  name: "strings of every kind have the same bytes in DUMP, and come back",
  ...options,
  fn: () =>
    withPair(async (pair) => {
      const chance = new Seeded(5);
      const integers = [0, -1, 127, 128, -129, 32767, 32768, 2 ** 31 - 1, 2 ** 31, -(2 ** 31)];
      const texts = integers.map(String).concat(
        ["", "a", "007", "1.5", "9223372036854775807", "x".repeat(20), "x".repeat(21)],
        ["abcabcabc".repeat(9), "x".repeat(63), "x".repeat(64), "y".repeat(20_000)],
        Array.from({ length: 40 }, () => {
          const letters = chance.between(1, 60);
          const bytes = Uint8Array.from(
            { length: chance.between(0, 4000) >> chance.below(7) },
            () => chance.below(letters),
          );
          return latin1(bytes);
        }),
      );
      for (const text of texts) {
        await pair.both("SET", "k", text);
        // In long strings it is a matter of the hash which of several matches LZF finds.
        await pair.bothWith({ ignore: text.length > 300 }, "DUMP", "k");
        await pair.both("RESTORE", "k", "0", await dumpOf(pair.right, "k"), "REPLACE");
        await pair.both("GET", "k");
        await pair.both("OBJECT", "ENCODING", "k");
      }
      await pair.both("SET", "k", "12");
      await pair.both("APPEND", "k", "3");
      await pair.both("DUMP", "k");
    }),
});

Deno.test({
  name: "RESTORE tells of a new key, and marks who watches it",
  ...options,
  fn: () =>
    withPair(async (pair, another) => {
      await pair.both("CONFIG", "SET", "notify-keyspace-events", "KEAn");
      await using listeners = await another();
      await listeners.both("PSUBSCRIBE", "__keyevent@0__:*");
      const heard = async (count: number) => {
        for (let i = 0; i < count; i++) await listeners.readBoth();
      };
      await pair.both("RESTORE", "k", "0", HELLO);
      await heard(2);
      await pair.both("RESTORE", "k", "0", HELLO, "REPLACE");
      await heard(2);
      await pair.both("RESTORE", "k", "1", HELLO, "REPLACE", "ABSTTL");
      await heard(1);
      await pair.both("RESTORE", "k", "100000", HELLO);
      await heard(2);
      await using others = await another();
      await pair.both("WATCH", "k");
      await others.both("RESTORE", "k", "0", HELLO, "REPLACE");
      await heard(2);
      await pair.both("MULTI");
      await pair.both("EXEC");
    }),
});

Deno.test({
  name: "what RESTORE is logged as makes the same keys again, whenever it is replayed",
  ...options,
  fn: () =>
    withPair(async (pair) => {
      const later = String(Date.now() + 1_000_000);
      const steps = [
        ["RESTORE", "a", "0", HELLO],
        ["RESTORE", "b", "60000", HELLO],
        ["RESTORE", "c", later, HELLO, "ABSTTL"],
        ["RESTORE", "d", "0", HELLO],
        ["RESTORE", "g", "9223372036854775807", HELLO, "ABSTTL"],
        ["RESTORE", "d", "1", HELLO, "REPLACE", "ABSTTL"],
        ["RESTORE", "e", "1", HELLO, "ABSTTL"],
        ["RESTORE", "f", "70000", HELLO, "REPLACE", "IDLETIME", "100"],
      ];
      for (const step of steps) await pair.both(...step);
      const before = await pair.right.call("PEXPIRETIME", "b");
      await pair.right.call("DEBUG", "RELOAD");
      assertEquals(await pair.right.call("PEXPIRETIME", "b"), before);
      await pair.right.call("CONFIG", "SET", "appendonly", "no");
      await pair.right.call("CONFIG", "SET", "appendonly", "yes");
      await pair.right.call("DEBUG", "RELOAD");
      for (const key of "abcdefg") {
        await pair.both("GET", key);
        await pair.bothWith({ ignore: key === "b" || key === "f" }, "PEXPIRETIME", key);
      }
      await pair.both("DEBUG", "DIGEST");
    }),
});

Deno.test({
  name: "fields that expire go through DUMP, RESTORE and the log with their times",
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    const logged = ["--enable-debug-command", "yes", "--appendonly", "yes"];
    await using redeno = await startRedeno(logged);
    await using client = await connect(redeno.port);
    const fields = Array.from({ length: 600 }, (_, i) => [`f${i}`, `v${i}`]);
    await client.call("HSET", "small", "a", "1", "b", "2", "c", "3");
    await client.call("HSET", "large", ...fields.flat());
    for (const key of ["small", "large"]) {
      const names = key === "small" ? ["a", "b"] : fields.slice(0, 70).map(([name]) => name);
      for (const [i, name] of names.entries()) {
        await client.call("HPEXPIREAT", key, String(4e12 + 1000 * i), "FIELDS", "1", name);
      }
    }
    await client.call("HSET", "gone", "x", "1");
    const keys = ["small", "large"];
    const digest = () => client.callRaw("DEBUG", "DIGEST-VALUE", ...keys);
    const before = await digest();
    for (const key of keys) {
      const payload = await dumpOf(client, key);
      assertEquals(payload[payload.length - 10], 12, "only Redis 7.4 knows such fields");
      assertEquals(await client.callRaw("RESTORE", key, "0", payload, "REPLACE"), "+OK\r\n");
    }
    assertEquals(await digest(), before);
    assertEquals(
      await client.callRaw("HPEXPIRETIME", "large", "FIELDS", "3", "f0", "f69", "f70"),
      "*3\r\n:4000000000000\r\n:4000000069000\r\n:-1\r\n",
    );
    await client.call("DEBUG", "RELOAD");
    assertEquals(await digest(), before);
    await client.call("CONFIG", "SET", "appendonly", "no");
    await client.call("CONFIG", "SET", "appendonly", "yes");
    await client.call("DEBUG", "RELOAD");
    assertEquals(await digest(), before);
    await client.call("HPEXPIRE", "gone", "1", "FIELDS", "1", "x");
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals(await client.callRaw("DUMP", "gone"), "$-1\r\n");
  },
});

Deno.test({
  name: "scores are dumped byte for byte as in Redis, whole eighths and all others",
  ...options,
  fn: () =>
    withPair(async (pair) => {
      await pair.both("CONFIG", "SET", "rdbcompression", "no");
      const chance = new Seeded(1);
      const scores = [0, -0, 0.125, -0.125, 0.5, -7.875, 1e12 - 0.125, 1e12 + 0.125, 1e15 + 0.5]
        .concat(2 ** 53, 2 ** 62, -(2 ** 62), 2 ** 63, 0.1, 1e-5, 1e300, Infinity, -Infinity);
      for (let i = 0; i < 60; i++) {
        scores.push(chance.between(-1e6, 1e6) / chance.pick([2, 8, 16, 10]));
      }
      for (const score of scores) {
        await pair.both("DEL", "z");
        await pair.both("ZADD", "z", Object.is(score, -0) ? "-0" : String(score), "member");
        await pair.both("DUMP", "z");
      }
    }),
});
