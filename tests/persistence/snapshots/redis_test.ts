/** Real Redis loads what the snapshot encoders write, and has the same data then. */

import { Buffer } from "node:buffer";
import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { CommandSnapshotEncoder } from "../../../lib/persistence/aof/snapshot.ts";
import type { RdbSnapshotOptions } from "../../../lib/persistence/rdb/snapshot.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../kit/assert.ts";
import { flags, Seeded } from "../../kit/flags.ts";
import { hasRedisServer, StartError, startRedis } from "../../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../../kit/resp_client.ts";
import { DATA_TYPES, dataSet } from "../../types/interchange_kit.ts";
import {
  askDigest,
  digestOf,
  encodeAll,
  fill,
  inDirectory,
  rdbEncoder,
  refsOf,
  withServer,
} from "./kit.ts";

const options = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const DEBUG = ["--enable-debug-command", "yes"];
const LATER_MS = "4000000000000";

/** Values of every encoding, in several databases, with elements and strings that are long. */
function manyValues(seed: number): Command[] {
  const chance = new Seeded(seed);
  const { commands } = dataSet(chance, DATA_TYPES);
  const noise = (bytes: number) =>
    Uint8Array.from({ length: bytes }, () => chance.below(256)) as Uint8Array;
  const long = "0123456789".repeat(20_000);
  const numbered = (count: number, text: string) =>
    Array.from({ length: count }, (_, i) => `${text}${i}`);
  return [
    ...commands,
    ["SET", "long:text", long],
    ["SET", "long:noise", noise(200_000)],
    ["SET", "long:key".padEnd(70_000, "k"), "v", "PXAT", LATER_MS],
    ["SET", "12345", "-12345678"],
    ["RPUSH", "large:list", ...numbered(20_000, "element"), long, "x", noise(100_000), "-7"],
    ["LPUSH", "pushed:list", ...numbered(9000, "")],
    ["SADD", "large:set", ...numbered(20_000, "member:"), long, noise(70_000)],
    ["HSET", "large:hash", ...numbered(20_000, "field"), long, noise(70_000), "f", long],
    ["ZADD", "large:zset", ...numbered(10_000, "").flatMap((n) => [n, `m${n}`]), "0.5", long],
    ...numbered(2000, "").map((n) => ["XADD", "large:stream", `${n}-1`, "n", n]),
    ["XADD", "large:stream", "9999-1", "long", long],
    ["XGROUP", "CREATE", "large:stream", "g", "0"],
    ["XREADGROUP", "GROUP", "g", "c", "COUNT", "1500", "STREAMS", "large:stream", ">"],
    ["XDEL", "large:stream", "5-1", "700-1"],
    ["PEXPIREAT", "large:set", LATER_MS],
    ["SELECT", "3"],
    ["SADD", "integers", ...numbered(300, "")],
    ["SET", "k", "v"],
    ["SELECT", "0"],
  ];
}

/** Writes a snapshot of `keyspace` as dump.rdb, and runs `act` with a Redis that has loaded it. */
async function loadedByRedis(
  bytes: Uint8Array,
  act: (client: RespClient, log: string) => Promise<void>,
  more: readonly string[] = [],
): Promise<void> {
  await inDirectory(async (dir) => {
    Deno.writeFileSync(`${dir}/dump.rdb`, bytes);
    const { stdout, success } = await new Deno.Command("redis-check-rdb", {
      args: [`${dir}/dump.rdb`],
    }).output();
    assert(success, new TextDecoder().decode(stdout));
    assertStringIncludes(new TextDecoder().decode(stdout), "RDB looks OK");
    await using redis = await startRedis([...DEBUG, ...more], { dir });
    await using client = await connect(redis.port);
    await act(client, redis.log());
  });
}

function rdbOf(
  keyspace: Keyspace,
  inPieces: boolean,
  how: Partial<RdbSnapshotOptions> = {},
): Uint8Array {
  return encodeAll(rdbEncoder(keyspace, how), keyspace, inPieces);
}

Deno.test({
  name: "an RDB file of every type and encoding is loaded by Redis, whole or in pieces",
  ...options,
  fn: async () => {
    const { seed, size } = flags(1);
    for (let round = 0; round < size; round++) {
      await withServer({}, async (client, keyspace) => {
        await fill(client, manyValues(seed + round));
        const expected = digestOf(keyspace);
        for (const inPieces of [false, true]) {
          for (const how of [{}, { compress: false, checksum: false }]) {
            const bytes = rdbOf(keyspace, inPieces, how);
            await loadedByRedis(bytes, async (redis, log) => {
              assertEquals(await askDigest(redis), expected, JSON.stringify({ inPieces, ...how }));
              assertMatch(log, /DB loaded from disk/);
            });
          }
        }
      });
    }
  },
});

Deno.test({
  name: "commands for every type and encoding are loaded by Redis, whole or in pieces",
  ...options,
  fn: async () => {
    const { seed } = flags(1);
    await withServer({}, async (client, keyspace) => {
      await fill(client, manyValues(seed));
      const expected = digestOf(keyspace);
      for (const how of ["plain", "in frames", "in pieces"] as const) {
        await inDirectory(async (dir) => {
          const logDir = `${dir}/appendonlydir`;
          Deno.mkdirSync(logDir);
          const bytes = how === "in frames"
            ? framedCommands(keyspace)
            : encodeAll(new CommandSnapshotEncoder(), keyspace, how === "in pieces");
          Deno.writeFileSync(`${logDir}/appendonly.aof.1.base.aof`, bytes);
          Deno.writeTextFileSync(
            `${logDir}/appendonly.aof.manifest`,
            "file appendonly.aof.1.base.aof seq 1 type b\n",
          );
          await using redis = await startRedis([...DEBUG, "--appendonly", "yes"], { dir });
          await using loaded = await connect(redis.port);
          assertEquals(await askDigest(loaded), expected);
          const checked = await new Deno.Command("redis-check-aof", {
            args: [`${logDir}/appendonly.aof.manifest`],
          }).output();
          assert(checked.success);
        });
      }
    });
  },
});

/** All keys as commands in frames. */
function framedCommands(keyspace: Keyspace): Uint8Array {
  const encoder = new CommandSnapshotEncoder({ framedAt: () => 1_700_000_000 });
  encoder.begin();
  for (const db of keyspace.databases()) {
    for (const ref of refsOf(db)) encoder.record(db, db.index, ref);
  }
  encoder.end();
  return encoder.take();
}

/** The bytes without those that tell of time and memory: both servers see them a little later. */
function withoutCircumstances(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1")
    .replace(/ctime\xc2[^]{4}/, "ctime")
    .replace(/used-mem\xc2[^]{4}/, "used-mem")
    .replace(/[\xf8\xf9][^]/g, (use) => use[0]);
}

for (const policy of ["noeviction", "allkeys-lru", "volatile-lfu", "volatile-ttl"]) {
  Deno.test({
    name: `under ${policy} a small RDB file is byte for byte what Redis writes`,
    ...options,
    fn: async () => {
      const flag = ["--rdbchecksum", "no", "--maxmemory-policy", policy];
      await using redis = await startRedis(flag);
      await using theirs = await connect(redis.port);
      const commands: Command[] = [
        ["SET", "a key longer than twenty bytes, aaaaaaaaaaaaaaaa", "12"],
        ["SELECT", "1"],
        ["RPUSH", "list", "a", "2", "x".repeat(300)],
        ["PEXPIREAT", "list", LATER_MS],
        ["SELECT", "2"],
        ["ZADD", "zset", "1", "a", "1.5", "b"],
        ["SELECT", "14"],
        ["HSET", "hash", "a", "x".repeat(65)],
      ];
      await withServer({ "maxmemory-policy": policy }, async (ours, keyspace) => {
        await fill(ours, commands);
        await fill(theirs, [...commands, ["SAVE"]]);
        const access = policy.endsWith("lru")
          ? "idle"
          : policy.endsWith("lfu")
          ? "frequency"
          : "none";
        const bytes = rdbOf(keyspace, false, { access, checksum: false });
        assertEquals(
          withoutCircumstances(bytes),
          withoutCircumstances(Deno.readFileSync(`${redis.dir}/dump.rdb`)),
        );
      });
    },
  });
}

Deno.test({
  name: "how often and when keys were used is the same when Redis has loaded them",
  ...options,
  fn: async () => {
    await withServer({ "maxmemory-policy": "allkeys-lfu" }, async (ours, keyspace) => {
      await fill(ours, [
        ["SET", "a", "text"],
        ["RESTORE", "b", "0", await dumpOfA(ours), "FREQ", "77"],
      ]);
      const bytes = rdbOf(keyspace, false, { access: "frequency" });
      await loadedByRedis(bytes, async (redis) => {
        assertEquals(await redis.callRaw("OBJECT", "FREQ", "b"), ":77\r\n");
      }, ["--maxmemory-policy", "allkeys-lfu"]);
    });
    await withServer({ "maxmemory-policy": "allkeys-lru" }, async (ours, keyspace) => {
      await fill(ours, [
        ["SET", "a", "text"],
        ["RESTORE", "b", "0", await dumpOfA(ours), "IDLETIME", "5000"],
      ]);
      const bytes = rdbOf(keyspace, false, { access: "idle" });
      await loadedByRedis(bytes, async (redis) => {
        assertMatch(await redis.callRaw("OBJECT", "IDLETIME", "b"), /^:50[0-4]\d\r\n$/);
      }, ["--maxmemory-policy", "allkeys-lru"]);
    });
  },
});

async function dumpOfA(client: RespClient): Promise<Uint8Array> {
  await client.call("SET", "a", "text");
  const reply = await client.call("DUMP", "a");
  assert(reply.type === "bulk");
  return Buffer.from(reply.value, "latin1");
}

Deno.test({
  name: "a database that comes in turns is announced each time, and its size once",
  ...options,
  fn: () =>
    withServer({}, async (client, keyspace) => {
      await fill(client, [
        ...["a", "b", "c"].map((key) => ["SET", key, key]),
        ["SELECT", "5"],
        ...["x", "y", "z"].map((key) => ["SET", key, key]),
      ]);
      const encoder = rdbEncoder(keyspace);
      encoder.begin();
      const [first, second] = [keyspace.database(0), keyspace.database(5)];
      const refs = [first, second].map((db) => {
        const all: number[] = [];
        db.table.forEach((ref) => all.push(ref));
        return all;
      });
      for (let i = 0; i < 3; i++) {
        encoder.record(first, 0, refs[0][i]);
        encoder.record(second, 5, refs[1][i]);
      }
      encoder.end();
      const bytes = encoder.take().slice();
      const text = Buffer.from(bytes).toString("latin1");
      assertEquals(text.split("\xfb\x03\x00").length, 3);
      assertEquals(text.split("\xfe\x05").length, 4);
      await loadedByRedis(bytes, async (redis) => {
        assertEquals(await askDigest(redis), digestOf(keyspace));
      });
    }),
});

Deno.test({
  name: "a file with fields that expire says version 12, and Redis 7.0 refuses it",
  ...options,
  fn: () =>
    withServer({}, async (client, keyspace) => {
      await fill(client, [
        ["HSET", "h", "a", "1", "b", "2"],
        ["HPEXPIREAT", "h", LATER_MS, "FIELDS", "1", "a"],
      ]);
      const bytes = rdbOf(keyspace, false, { hasFieldExpiry: true });
      assertEquals(Buffer.from(bytes).toString("latin1", 0, 9), "REDIS0012");
      let refusal = "";
      await loadedByRedisUnchecked(bytes).catch((error: unknown) => {
        assert(error instanceof StartError);
        refusal = error.log;
      });
      assertStringIncludes(refusal, "Can't handle RDB format version 12");
    }),
});

async function loadedByRedisUnchecked(bytes: Uint8Array): Promise<void> {
  await inDirectory(async (dir) => {
    Deno.writeFileSync(`${dir}/dump.rdb`, bytes);
    await using _redis = await startRedis([], { dir });
  });
}
