/** Files that the real server has saved: the same data here, and saved again by that server. */

import { Buffer } from "node:buffer";
import { systemDisk } from "../../../lib/platform/disk.ts";
import { digestText, valueDigest } from "../../../lib/keyspace/digest.ts";
import { frequency, idleSeconds } from "../../../lib/keyspace/access.ts";
import { Args } from "../../../lib/resp/args.ts";
import { NONE } from "../../../lib/keyspace/database.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { flags, Seeded } from "../../kit/flags.ts";
import { hasRedisServer, startRedis } from "../../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../../kit/resp_client.ts";
import { DATA_TYPES, dataSet } from "../../types/interchange_kit.ts";
import { makeRoom } from "../../keyspace/room.ts";
import { BytesFile, check, load, type Loaded } from "./kit.ts";

const options = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const DEBUG = ["--enable-debug-command", "yes"];

async function fill(client: RespClient, commands: readonly Command[]): Promise<void> {
  const replies = await client.pipeline(commands);
  replies.forEach((reply, i) => {
    assert(reply.type !== "error", `${commands[i].join(" ")}: ${JSON.stringify(reply)}`);
  });
}

async function simple(client: RespClient, ...command: string[]): Promise<string> {
  const reply = await client.call(...command);
  assert(reply.type === "simple" || reply.type === "bulk", JSON.stringify(reply));
  return reply.value;
}

/** All keys of database 0 have the same digest and expiry here and there. */
async function compareKeys({ keyspace }: Loaded, client: RespClient, keys: readonly string[]) {
  const db = keyspace.database(0);
  for (const key of keys) {
    const ref = db.peek(Args.of(key), 0);
    if (await client.callRaw("EXISTS", key) === ":0\r\n") {
      assertEquals(ref, NONE, key);
      continue;
    }
    const reply = await client.call("DEBUG", "DIGEST-VALUE", key);
    assert(reply.type === "array" && reply.items[0].type === "simple");
    assertEquals(digestText(valueDigest(db, ref)), reply.items[0].value, key);
    assertEquals(await client.callRaw("PEXPIRETIME", key), `:${db.expiry(ref) ?? -1}\r\n`, key);
  }
}

Deno.test({
  name: "what Redis has saved is the same here, of every type, encoding and size",
  ...options,
  fn: async () => {
    const { seed, size } = flags(1);
    for (let round = 0; round < size; round++) {
      const chance = new Seeded(seed + round);
      const compression = chance.pick(["yes", "no"]);
      await using redis = await startRedis([...DEBUG, "--rdbcompression", compression]);
      await using client = await connect(redis.port);
      const { commands, keys } = dataSet(chance, DATA_TYPES);
      await fill(client, commands);
      // Half of the data once more, kept as large collections are.
      for (const name of ["hash", "zset"]) {
        await simple(client, "CONFIG", "SET", `${name}-max-listpack-entries`, "0");
      }
      await simple(client, "CONFIG", "SET", "list-max-listpack-size", "3");
      await fill(
        client,
        commands.map(([name, key, ...rest]) => [name, `${key}:large`, ...rest])
          .filter(([name]) => /^(HSET|ZADD|SADD|[RL]PUSH|SET)$/.test(String(name))),
      );
      await simple(client, "SAVE");
      const bytes = await Deno.readFile(`${redis.dir}/dump.rdb`);
      const expected = await simple(client, "DEBUG", "DIGEST");
      const large = keys.map((key) => `${key}:large`);
      for (const window_bytes of [100, 4096, undefined]) {
        const file = new BytesFile(bytes, 5000);
        const loaded = await load(file, { window_bytes, dropExpired: true });
        assertEquals(loaded.digest, expected);
        if (window_bytes === undefined) await compareKeys(loaded, client, [...keys, ...large]);
      }
      const report = await check(bytes);
      assertEquals(
        [...report.databases].map(([index, { keys }]) => [index, keys]),
        [[0, report.databases.get(0)!.keys], [9, DATA_TYPES.length]],
      );
      assertEquals(report.checksum, "correct");
    }
  },
});

Deno.test({
  name: "long strings, packed and plain, are the same here through small windows",
  ...options,
  fn: async () => {
    await using redis = await startRedis(DEBUG);
    await using client = await connect(redis.port);
    const noise = new Seeded(3);
    const plain = Array.from({ length: 300_000 }, () => noise.below(256));
    const value = Buffer.from(plain).toString("latin1");
    await fill(client, [
      ["SET", "noise", value],
      ["SET", "text", "redis and redeno, ".repeat(50_000)],
      ["SET", "k".repeat(100_000), "a long name"],
      ["SET", "z".repeat(100_000), value],
      ["RPUSH", "list", "a", value, "b", "c".repeat(200_000)],
      ["HSET", "hash", "field", value, "f".repeat(70_000), "x"],
      ["SET", "last", "1"],
    ]);
    await simple(client, "SAVE");
    const expected = await simple(client, "DEBUG", "DIGEST");
    const file = systemDisk.open(`${redis.dir}/dump.rdb`, "read");
    try {
      for (const window_bytes of [64, 1000, 1 << 20]) {
        assertEquals((await load(file, { window_bytes })).digest, expected);
      }
    } finally {
      file.close();
    }
  },
});

Deno.test({
  name: "how often or how long ago keys were used comes along",
  ...options,
  fn: async () => {
    for (const policy of ["allkeys-lfu", "allkeys-lru"]) {
      await using redis = await startRedis([...DEBUG, "--maxmemory-policy", policy]);
      await using client = await connect(redis.port);
      await fill(client, [["SET", "a", "1"], ["SET", "b", "1"], ["RPUSH", "c", "1"]]);
      for (let i = 0; i < 200; i++) await client.call("GET", "a");
      const dump = await client.callRaw("DUMP", "b");
      const payload = dump.slice(dump.indexOf("\r\n") + 2, -2);
      const use = policy === "allkeys-lfu" ? ["FREQ", "99"] : ["IDLETIME", "1000"];
      await client.callRaw("RESTORE", "b", "0", payload, "REPLACE", ...use);
      await simple(client, "SAVE");
      const { keyspace } = makeRoom(1);
      keyspace.lfu = policy === "allkeys-lfu";
      keyspace.now_ms = Date.now();
      await load(await Deno.readFile(`${redis.dir}/dump.rdb`), { keyspace });
      const db = keyspace.database(0);
      for (const key of ["a", "b", "c"]) {
        const meta = db.table.meta(db.peek(Args.of(key), 0));
        const here = keyspace.lfu ? frequency(meta, Date.now()) : idleSeconds(meta, Date.now());
        const there = await client.call("OBJECT", keyspace.lfu ? "FREQ" : "IDLETIME", key);
        assert(there.type === "int");
        assert(Math.abs(here - Number(there.value)) <= 3, `${key}: ${here}, there ${there.value}`);
      }
    }
  },
});

Deno.test({
  name: "functions are passed over with a warning, expired keys are left out",
  ...options,
  fn: async () => {
    await using redis = await startRedis(DEBUG);
    await using client = await connect(redis.port);
    const code = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    await fill(client, [
      ["FUNCTION", "LOAD", code],
      ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
      ["SET", "gone", "1", "PX", "1"],
      ["SET", "stays", "1", "PX", "100000"],
    ]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await simple(client, "SAVE");
    const bytes = await Deno.readFile(`${redis.dir}/dump.rdb`);
    const { keys, expired, lines, aux } = await load(bytes, { dropExpired: true });
    assertEquals([keys, expired, aux.get("redis-ver")], [1, 1, "7.0.15"]);
    assert(lines.some((line) => line.startsWith("warning: The RDB holds 1 library of functions")));
    assertEquals((await load(bytes)).keys, 2);
  },
});
