/** What INFO counts as freed lazily, against the real Redis. */

import { assertEquals } from "../kit/assert.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../kit/resp_client.ts";

/** Redis frees values of up to so many pieces at once. */
const PIECES_AT_ONCE = 64;
const LONG = "x".repeat(100);
/** Of so many fill a node of a list: each of them alone. */
const NODE_FILL = "x".repeat(9000);

/** The commands that make a value of `pieces` pieces. */
const VALUES: Record<string, (pieces: number) => Command[]> = {
  "a string": () => [["SET", "k", "x".repeat(100_000)]],
  "a set": (pieces) => times(pieces, (i) => ["SADD", "k", `m${i}`]),
  "a packed hash": (pieces) => times(pieces, (i) => ["HSET", "k", `f${i}`, "v"]),
  "a hash": (pieces) => times(pieces, (i) => ["HSET", "k", `f${i}`, LONG]),
  "a sorted set": (pieces) => times(pieces, (i) => ["ZADD", "k", String(i), `m${i}${LONG}`]),
  "a list": (pieces) => times(pieces, () => ["RPUSH", "k", NODE_FILL]),
  "a stream": (pieces) => times(10 * pieces, (i) => ["XADD", "k", `1-${i + 1}`, "f", LONG]),
  "a stream with groups": (pieces) => [
    ["XADD", "k", "1-1", "f", "v"],
    ...times(pieces, (i) => ["XGROUP", "CREATE", "k", `g${i}`, "0"]),
  ],
  "a stream without its group": () => [
    ["XADD", "k", "1-1", "f", "v"],
    ["XGROUP", "CREATE", "k", "g", "0"],
    ["XGROUP", "DESTROY", "k", "g"],
  ],
};

function times(count: number, command: (i: number) => Command): Command[] {
  return Array.from({ length: count }, (_, i) => command(i));
}

/** `lazyfreed_objects`, once nothing is pending. */
async function lazyFreed(client: RespClient): Promise<number> {
  for (;;) {
    const info = await client.callRaw("INFO", "memory");
    if (!info.includes("lazyfree_pending_objects:0\r\n")) continue;
    return Number(/lazyfreed_objects:(\d+)\r\n/.exec(info)![1]);
  }
}

/** How much each step adds to the count. */
async function counts(client: RespClient): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  let before = await lazyFreed(client);
  const step = async (name: string, ...commands: Command[]) => {
    await client.pipelineRaw(commands);
    const now = await lazyFreed(client);
    found[name] = now - before;
    before = now;
  };
  for (const [name, make] of Object.entries(VALUES)) {
    for (const pieces of [1, PIECES_AT_ONCE / 2, 2 * PIECES_AT_ONCE]) {
      await step(`UNLINK of ${name}, ${pieces}`, ...make(pieces), ["UNLINK", "k"]);
    }
  }
  const set = VALUES["a set"];
  for (const pieces of [PIECES_AT_ONCE, PIECES_AT_ONCE + 1]) {
    await step(`UNLINK of ${pieces}`, ...set(pieces), ["UNLINK", "k", "nokey"]);
  }
  await step("DEL", ...set(100), ["DEL", "k"]);
  const keys = times(100, (i) => ["SET", `k${i}`, "v"]);
  for (const lazy of ["no", "yes"]) {
    const config = (name: string): Command => ["CONFIG", "SET", `lazyfree-lazy-user-${name}`, lazy];
    await step(`DEL, lazy ${lazy}`, config("del"), ...set(100), ["DEL", "k"]);
    for (const how of ["", "SYNC", "ASYNC"]) {
      const flush = (name: string): Command => how === "" ? [name] : [name, how];
      await step(`FLUSHDB ${how}, lazy ${lazy}`, config("flush"), ...keys, flush("FLUSHDB"));
      const other: Command[] = [["SELECT", "1"], ["SET", "k", "v"], ["SELECT", "0"]];
      await step(`FLUSHALL ${how}, lazy ${lazy}`, ...keys, ...other, flush("FLUSHALL"));
    }
  }
  await step("CONFIG RESETSTAT", ["CONFIG", "RESETSTAT"]);
  return found;
}

Deno.test({
  name: "INFO counts what Redis would free in the background",
  ignore: !hasRedisServer(),
  fn: async () => {
    const results: Record<string, number>[] = [];
    for (const start of [startRedis, startRedeno]) {
      await using server = await start(["--save", ""]);
      await using client = await connect(server.port);
      results.push(await counts(client));
    }
    assertEquals(results[1], results[0]);
  },
});
