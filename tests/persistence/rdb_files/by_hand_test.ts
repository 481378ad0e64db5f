/** Files as servers of all ages wrote them, byte by byte. */

import { Buffer } from "node:buffer";
import { frequency, idleSeconds } from "../../../lib/keyspace/access.ts";
import { Args } from "../../../lib/resp/args.ts";
import { assert, assertEquals, assertStringIncludes } from "../../kit/assert.ts";
import { Seeded } from "../../kit/flags.ts";
import { hasRedisServer, startRedis } from "../../kit/oracle.ts";
import { connect } from "../../kit/resp_client.ts";
import { get, makeRoom } from "../../keyspace/room.ts";
import { join, text } from "../rdb/dump_kit.ts";
import { READ_BY_BOTH, VALUES } from "../rdb/values.ts";
import { restlessClock } from "../kit.ts";
import { BytesFile, check, load, rdbFile, refusal } from "./kit.ts";

const DEBUG = ["--enable-debug-command", "yes"];

/** A key with a value whose first byte is its type. */
function entry(key: string, body: Uint8Array): Uint8Array {
  return join(body.subarray(0, 1), text(key), body.subarray(1));
}

const string = (key: string, value: string) => join("00", text(key), text(value));
const seconds = (at_s: number) => new Uint8Array(new Int32Array([at_s]).buffer);
const time = (at_ms: number) => new Uint8Array(new BigInt64Array([BigInt(at_ms)]).buffer);

Deno.test({
  name: "files of the versions 1 to 10 hold the same data here and in Redis",
  ignore: !hasRedisServer(),
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    const values = Object.entries(READ_BY_BOTH).map(([name, body]) => entry(name, body));
    for (const version of [1, 4, 5, 9, 10]) {
      const bytes = rdbFile(
        version,
        "fe 00",
        ...values,
        join("fd", seconds(2_000_000_000), string("in seconds", "1")),
        join("fe 09 fc", time(4_000_000_000_000), string("in ms", "12345")),
        string("plain", "p"),
      );
      const dir = await Deno.makeTempDir();
      try {
        await Deno.writeFile(`${dir}/dump.rdb`, bytes);
        await using redis = await startRedis(DEBUG, { dir });
        await using client = await connect(redis.port);
        const { keyspace, keys, expired, end_bytes, digest } = await load(bytes);
        assertEquals(
          `+${digest}\r\n`,
          await client.callRaw("DEBUG", "DIGEST"),
          `version ${version}`,
        );
        assertEquals([keys, expired, end_bytes], [values.length + 3, 0, bytes.length]);
        assertEquals(keyspace.database(9).size, 2);
        const expiry = (index: number, key: string) => {
          const db = keyspace.database(index);
          return db.expiry(db.peek(Args.of(key), 0));
        };
        assertEquals(expiry(0, "in seconds"), 2_000_000_000_000);
        assertEquals(expiry(9, "in ms"), 4_000_000_000_000);
        assertEquals(expiry(9, "plain"), undefined);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    }
  },
});

Deno.test("every type is loaded through windows of any size and with short reads", async () => {
  const bytes = rdbFile(12, ...Object.entries(VALUES).map(([name, body]) => entry(name, body)));
  const chance = new Seeded(1);
  const { digest, keys } = await load(bytes);
  assertEquals(keys, Object.keys(VALUES).length);
  for (const window_bytes of [1, 64, 65, 71, 100, 127, 1000]) {
    for (const shift of [0, 1, 2, 3]) {
      const moved = Buffer.concat([Buffer.alloc(shift, "x"), bytes, Buffer.from("*1\r\n")]);
      const file = new BytesFile(moved, chance.pick([1, 10, Infinity]));
      const again = await load(file, { window_bytes, from_bytes: shift });
      assertEquals(again.digest, digest, `window of ${window_bytes}`);
      assertEquals(again.end_bytes, shift + bytes.length);
    }
  }
});

Deno.test("fields on the file are told and logged as Redis does", async () => {
  const aux = (name: string, value: string) => join("fa", text(name), text(value));
  const clock = { ...restlessClock, now_ms: () => 1_700_000_000_500 };
  const { aux: fields, lines } = await load(
    rdbFile(
      10,
      aux("redis-ver", "7.0.15"),
      join("fa", text("redis-bits"), "c0 40"),
      aux("ctime", "1699999995"),
      aux("used-mem", String(3 * 1024 * 1024 / 2)),
      aux("aof-base", "1"),
      aux("lua", "return 1"),
      aux("%custom", "x"),
    ),
    { clock },
  );
  assertEquals(Object.fromEntries(fields), {
    "redis-ver": "7.0.15",
    "redis-bits": "64",
    "ctime": "1699999995",
    "used-mem": "1572864",
    "aof-base": "1",
    "%custom": "x",
  });
  assertEquals(lines, [
    "notice: Loading RDB produced by version 7.0.15",
    "notice: RDB age 5 seconds",
    "notice: RDB memory usage when created 1.50 Mb",
    "notice: RDB is base AOF",
    "notice: Done loading RDB, keys loaded: 0, keys expired: 0.",
  ]);
});

Deno.test("keys whose time is over are left out of a snapshot and kept in a log's base", async () => {
  const bytes = rdbFile(
    10,
    join("fc", time(1), string("old", "1")),
    join("fc", time(2), "05", text("zset"), "01 01 61 0000000000000040"),
    join("fd", seconds(-1), string("never", "1")), // as Redis has it: -1 is no time
    string("plain", "2"),
  );
  const snapshot = await load(bytes, { dropExpired: true });
  assertEquals([snapshot.keys, snapshot.expired], [2, 2]);
  assertEquals(snapshot.lines, ["notice: Done loading RDB, keys loaded: 2, keys expired: 2."]);
  const base = await load(bytes);
  assertEquals([base.keys, base.expired], [4, 0]);
  const db = base.keyspace.database(0);
  assertEquals(db.expiry(db.peek(Args.of("old"), 0)), 1);
  assertEquals(db.expiry(db.peek(Args.of("never"), 0)), undefined);
});

Deno.test("how long and how often keys were used is kept", async () => {
  const bytes = rdbFile(
    10,
    join("f8 44b0", string("idle", "1")), // 1200 seconds
    join("f9 2a", string("often", "1")),
    join("fc", time(4e12), "f8 0a f9 07", string("both", "1")),
    string("plain", "1"),
  );
  for (const lfu of [false, true]) {
    const { keyspace } = makeRoom(1);
    keyspace.lfu = lfu;
    keyspace.now_ms = Date.now();
    await load(bytes, { keyspace });
    const db = keyspace.database(0);
    const uses = ["idle", "often", "both", "plain"].map((key) => {
      const meta = db.table.meta(db.peek(Args.of(key), 0));
      return lfu ? frequency(meta, Date.now()) : Math.floor(idleSeconds(meta, Date.now()) / 5) * 5;
    });
    assertEquals(uses, lfu ? [5, 42, 7, 5] : [1200, 0, 10, 0]);
  }
});

Deno.test("functions and hints for clusters are passed over", async () => {
  const bytes = rdbFile(
    12,
    join("f5", text("#!lua name=lib\n...")),
    join("f5", text("#!lua name=other\n...")),
    "fe 03 fb 81 0fffffffffffffff 80 ffffffff f4 4fff 01 00",
    string("k", "v"),
  );
  const { keyspace, lines } = await load(bytes);
  assertEquals(get(keyspace.database(3), "k"), "v");
  assertEquals(lines, [
    "warning: The RDB holds 2 libraries of functions, passed over: FUNCTION is not supported",
    "notice: Done loading RDB, keys loaded: 1, keys expired: 0.",
  ]);
});

Deno.test("collections without elements are passed over and named", async () => {
  const empty = ["01 00", "02 00", "04 00", "05 00", "0e 00", "12 01 02 07 07000000 0000 ff"];
  const parts = empty.map((body, i) => join(body.slice(0, 2), text(`e${i}`), body.slice(3)));
  const again = parts.map((part) => Buffer.from(part).fill("f", 2, 3));
  const { keys, lines, keyspace } = await load(rdbFile(10, ...parts, ...again, string("k", "v")));
  assertEquals([keys, keyspace.database(0).size], [1, 1]);
  assertEquals(lines[0], 'notice: rdbLoadObject skipping empty key: "e0"');
  assertEquals(lines.length, 11);
  assertStringIncludes(lines[10], "keys loaded: 1, keys expired: 0, empty keys skipped: 12.");
});

Deno.test("what cannot be kept is refused by its name, with what to do", async () => {
  const k = text("k");
  const cases: [string, Uint8Array, string[]][] = [
    ["newer version", rdbFile(13), ["Can't handle RDB format version 13", "DUMP and RESTORE"]],
    ["module key", rdbFile(10, join("07", k, "81 18e5c71d3c6aa000 00")), ["module", "Modules"]],
    ["module of old", rdbFile(10, join("06", k, "00")), ['a module\'s value in key "k"']],
    ["module aux", rdbFile(10, "f7 81 18e5c71d3c6aa000 00"), [
      "AUX module data",
      "matching module",
    ]],
    ["functions of a candidate", rdbFile(10, join("f6", k)), ["Pre-release function format"]],
    ["a later database", rdbFile(10, "fe 10", string("k", "v")), ["Set 'databases' to 17"]],
  ];
  for (const [name, bytes, words] of cases) {
    const error = await refusal(bytes);
    assertEquals(error.kind, "unsupported", name);
    assert(error.message.startsWith("/data/dump.rdb:"), error.message);
    for (const word of words) assertStringIncludes(error.message, word);
    assertStringIncludes(error.message, "The file was not changed");
  }
});

Deno.test("what no server has written is refused with file, offset and what to do", async () => {
  const twice = rdbFile(10, string("k", "1"), string("k", "2"));
  const cases: [string, Uint8Array, number, string][] = [
    ["nothing at all", Buffer.alloc(0), 0, "ends within its header"],
    ["another file", Buffer.from("*1\r\n$4\r\nPING\r\n"), 0, "wrong signature"],
    ["no version", Buffer.from("REDIS00x0\xff"), 0, "is no version"],
    ["version 0", Buffer.from("REDIS0000\xff"), 0, "'0000' is no version"],
    ["a key twice", twice, 14, 'the value of key "k" in database 0 cannot be read: RDB has dup'],
    ["unknown type", rdbFile(10, join("08", text("\x00'"))), 9, "\\x00'\" in database 0"],
    ["unknown encoding", rdbFile(10, join("00", text("k"), "c4")), 9, "unknown encoding"],
    ["huge string", rdbFile(10, join("00", text("k"), "81 00000000ffffffff")), 9, "too soon"],
    ["huge set", rdbFile(10, join("02", text("k"), "81 00000000ffffffff")), 9, "more is announced"],
    ["member twice", rdbFile(10, join("02 01 6b 02 01 61 01 61")), 9, "stands there twice"],
    ["checksum", Buffer.concat([rdbFile(10).subarray(0, 10), Buffer.alloc(8, 1)]), 10, "checksum"],
  ];
  for (const [name, bytes, offset, words] of cases) {
    const error = await refusal(bytes);
    assertEquals([error.kind, error.offset], ["damaged", offset], `${name}: ${error.message}`);
    assertStringIncludes(error.message, words);
    assertStringIncludes(error.message, "Restore it from a backup");
  }
});

Deno.test("a checksum is compared unless there is none or it is not asked for", async () => {
  const good = rdbFile(10, string("k", "v"));
  const wrong = Buffer.from(good);
  wrong[wrong.length - 1] ^= 1;
  const none = Buffer.from(good).fill(0, good.length - 8);
  assertStringIncludes((await refusal(wrong)).message, "Wrong RDB checksum expected: (");
  assertEquals((await load(wrong, { verify: false })).keys, 1);
  const { lines } = await load(none);
  assertEquals(lines[0], "notice: RDB file was saved with checksum disabled: no check performed.");
  assertEquals((await check(good)).checksum, "correct");
  assertEquals((await check(none)).checksum, "not computed");
  assertEquals((await check(rdbFile(4))).checksum, "none before version 5");
});

Deno.test("a check counts what is there, without storing it", async () => {
  const report = await check(rdbFile(
    10,
    join("fa", text("redis-ver"), text("7.0.15")),
    join("f5", text("#!lua")),
    string("a", "1"),
    join("fc", time(1), string("b", "1")),
    join("fc", time(4e12), "02", text("set"), "01 01 61"),
    join("01", text("empty"), "00"),
    join("fe 05", string("a", "1")),
  ));
  assertEquals([report.version, report.functions, report.emptyKeys], [10, 1, 1]);
  assertEquals(report.aux.get("redis-ver"), "7.0.15");
  assertEquals(
    [...report.databases],
    [
      [0, { keys: 3, types: new Map([["string", 2], ["set", 1]]), expiring: 2, expired: 1 }],
      [5, { keys: 1, types: new Map([["string", 1]]), expiring: 0, expired: 0 }],
    ],
  );
});
