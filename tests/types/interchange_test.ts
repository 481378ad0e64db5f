/**
 * The same data in both servers is the same data: digests, DUMP and RESTORE, and the files, from one
 * to the other and back.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../kit/resp_client.ts";
import { dumpOf } from "../persistence/rdb/dump_kit.ts";
import { DATA_TYPES, dataSet, readingCommands } from "./interchange_kit.ts";

const options = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const DEBUG = ["--enable-debug-command", "yes"];

/** Sends all commands; none may be answered with an error. */
async function fill(client: RespClient, commands: readonly Command[]): Promise<void> {
  const replies = await client.pipeline(commands);
  replies.forEach((reply, i) => {
    assert(reply.type !== "error", `${commands[i].join(" ")}: ${JSON.stringify(reply)}`);
  });
}

async function digest(client: RespClient): Promise<string> {
  const reply = await client.call("DEBUG", "DIGEST");
  assert(reply.type === "simple");
  return reply.value;
}

async function readAll(client: RespClient, keys: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const key of keys) {
    for (const { command, unordered } of readingCommands(key)) {
      const raw = await client.callRaw(...command);
      const pairs = command[0] === "HGETALL" ? /(?:\$\d+\r\n[^]*?\r\n){2}/g : undefined;
      const lines = pairs === undefined ? raw.split("\r\n") : raw.match(pairs) ?? [];
      found.set(command.join(" "), unordered ? [...lines].sort().join("\r\n") : raw);
    }
    found.set(`PEXPIRETIME ${key}`, await client.callRaw("PEXPIRETIME", key));
  }
  return found;
}

/** Whether there is one way only to dump a key: no table, no list of several nodes. */
async function hasOneDump(client: RespClient, key: string): Promise<boolean> {
  const encoding = await client.callRaw("OBJECT", "ENCODING", key);
  return !/table|skiplist/.test(encoding) && !/list:\d{3}/.test(key);
}

Deno.test({
  name: "the same commands give the same digests and the same DUMP of small values",
  ...options,
  fn: async () => {
    const { seed, size } = flags(2);
    await using redis = await startRedis(DEBUG);
    await using redeno = await startRedeno(DEBUG);
    await using pair = await Pair.open(redis.port, redeno.port);
    for (let round = 0; round < size; round++) {
      await pair.both("FLUSHALL");
      await pair.both("CONFIG", "SET", "rdbcompression", "no");
      const { commands, keys } = dataSet(new Seeded(seed + round), DATA_TYPES);
      await Promise.all([fill(pair.left, commands), fill(pair.right, commands)]);
      for (const key of keys) {
        await pair.both("OBJECT", "ENCODING", key);
        await pair.both("DEBUG", "DIGEST-VALUE", key);
        // Groups remember when they were read from.
        const ignore = key.startsWith("stream") || !await hasOneDump(pair.left, key);
        await pair.bothWith({ ignore }, "DUMP", key);
      }
      assertEquals(await digest(pair.right), await digest(pair.left));
    }
  },
});

Deno.test({
  name: "what one server dumps the other restores, and the other way round",
  ...options,
  fn: async () => {
    const { seed, size } = flags(2);
    await using redis = await startRedis(DEBUG);
    await using redeno = await startRedeno(DEBUG);
    await using pair = await Pair.open(redis.port, redeno.port);
    for (let round = 0; round < size; round++) {
      await pair.both("FLUSHALL");
      // Uncompressed in every other round: then the bytes must be the same.
      const compression = round % 2 === 0 ? "no" : "yes";
      await pair.both("CONFIG", "SET", "rdbcompression", compression);
      const { commands, keys } = dataSet(new Seeded(seed + round), DATA_TYPES);
      await Promise.all([fill(pair.left, commands), fill(pair.right, commands)]);
      const before = await digest(pair.left);
      const read = await readAll(pair.left, keys);
      const dumps: [string, Uint8Array, Uint8Array][] = [];
      for (const key of keys) {
        dumps.push([key, await dumpOf(pair.left, key), await dumpOf(pair.right, key)]);
      }
      for (const [key, left, right] of dumps) {
        const expiry = await pair.both("PEXPIRETIME", key);
        assert(expiry.type === "int");
        const ttl = expiry.value > 0 ? String(expiry.value) : "0";
        const toRight = await pair.right.call("RESTORE", key, ttl, left, "REPLACE", "ABSTTL");
        const toLeft = await pair.left.call("RESTORE", key, ttl, right, "REPLACE", "ABSTTL");
        assertEquals([toLeft, toRight].map(({ type }) => type), ["simple", "simple"], key);
        await pair.both("OBJECT", "ENCODING", key);
        await pair.both("DEBUG", "DIGEST-VALUE", key);
        if (compression === "no" && await hasOneDump(pair.left, key)) {
          assertEquals(await dumpOf(pair.right, key), left, key);
          assertEquals(await dumpOf(pair.left, key), right, key);
        }
      }
      assertEquals([await digest(pair.left), await digest(pair.right)], [before, before]);
      assertSame(await readAll(pair.left, keys), read);
      assertSame(await readAll(pair.right, keys), read);
    }
  },
});

/** One reply after the other, so that a difference is short. */
function assertSame(actual: Map<string, string>, expected: Map<string, string>): void {
  for (const [command, reply] of expected) {
    assert(actual.get(command) === reply, `${command}: ${actual.get(command)} is not ${reply}`);
  }
}

for (const way of ["as it grew", "as a snapshot"]) {
  Deno.test({
    name: `the log, ${way}, gives Redis the same data, and its log gives it back`,
    ...options,
    fn: async () => {
      const { seed } = flags(1);
      const { commands, keys } = dataSet(new Seeded(seed), DATA_TYPES);
      const dir = await Deno.makeTempDir({ prefix: "redeno_interchange_" });
      const logged = ["--appendonly", "yes", "--aof-use-rdb-preamble", "no", ...DEBUG];
      try {
        let before: string;
        let read: Map<string, string>;
        {
          const log = way === "as it grew" ? ["--appendonly", "yes"] : ["--appendonly", "no"];
          await using redeno = await startRedeno([...log, ...DEBUG], { dir });
          await using client = await connect(redeno.port);
          await fill(client, commands);
          before = await digest(client);
          read = await readAll(client, keys);
          await client.call("CONFIG", "SET", "appendonly", "yes");
          await client.call("DEBUG", "RELOAD");
          assertEquals(await digest(client), before);
        }
        {
          await using redis = await startRedis(logged, { dir });
          await using client = await connect(redis.port);
          assertEquals(await digest(client), before);
          assertSame(await readAll(client, keys), read);
          await client.call("BGREWRITEAOF");
          while (/aof_rewrite_in_progress:1|aof_rewrite_scheduled:1/.test(await info(client))) {
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          // Redis's own log loses what is pending and deleted: we are to read what it reads.
          await client.call("DEBUG", "LOADAOF");
          read = await readAll(client, keys);
        }
        await using redeno = await startRedeno(["--appendonly", "yes", ...DEBUG], { dir });
        await using client = await connect(redeno.port);
        assertEquals(await digest(client), before);
        assertSame(await readAll(client, keys), read);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}

async function info(client: RespClient): Promise<string> {
  const reply = await client.call("INFO", "persistence");
  return reply.type === "bulk" ? reply.value : "";
}

Deno.test({
  name: "COPY, RENAME and MOVE keep a value of every type, and MEMORY USAGE knows its size",
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    const { seed } = flags(1);
    const { commands, keys } = dataSet(new Seeded(seed), DATA_TYPES);
    await using redeno = await startRedeno([...DEBUG, "--rdbcompression", "no"]);
    await using client = await connect(redeno.port);
    await fill(client, commands);
    for (const key of keys) {
      const value = await client.callRaw("DEBUG", "DIGEST-VALUE", key);
      assertEquals(await client.callRaw("COPY", key, "copy"), ":1\r\n");
      assertEquals(await client.callRaw("DEBUG", "DIGEST-VALUE", "copy"), value, key);
      assertEquals(await client.callRaw("RENAME", "copy", "renamed"), "+OK\r\n");
      assertEquals(await client.callRaw("MOVE", "renamed", "5"), ":1\r\n");
      assertEquals(await client.callRaw("DEBUG", "DIGEST-VALUE", key), value, key);
      const size_bytes = (await dumpOf(client, key)).length;
      const usage = await client.call("MEMORY", "USAGE", key);
      assert(usage.type === "int" && usage.value > 0.7 * size_bytes - 20, `${key}: ${usage}`);
      assert(usage.value < 60 * size_bytes + 4000, `${key}: ${usage.value} for ${size_bytes}`);
      await client.call("SELECT", "5");
      assertEquals(await client.callRaw("DEBUG", "DIGEST-VALUE", "renamed"), value, key);
      assertEquals(await client.callRaw("DEL", "renamed"), ":1\r\n");
      await client.call("SELECT", "0");
    }
  },
});
