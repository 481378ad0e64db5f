/**
 * Regressions: commands of very many arguments, units that were cut in two, transactions around
 * commands that steer the server, and what is served while the log cannot be written.
 */

import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { logged } from "../commands/logged.ts";
import { freePort, startRedeno } from "../kit/oracle.ts";
import { connect, encodeCommand, type RespClient } from "../kit/resp_client.ts";
import { MemoryDisk } from "../persistence/memory_disk.ts";
import { Config } from "../../lib/config/config.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { Logger } from "../../lib/platform/logger.ts";
import { SeededRandom } from "../../lib/platform/random.ts";
import { Client } from "../../lib/commands/client.ts";
import { commands } from "../../lib/commands/table.ts";
import { Keyspace } from "../../lib/keyspace/keyspace.ts";
import { drawHashSeed } from "../../lib/memory/hash.ts";
import { Pause } from "../../lib/server/pause.ts";
import { Server } from "../../lib/server/server.ts";
import { eventually, infoFigure } from "./kit.ts";

const OPTIONS = ["--appendonly", "yes", "--enable-debug-command", "yes"];
/** More than a JavaScript call takes. */
const MANY = 150_000;
/** Long enough for a reply that is not held, short enough to wait for one that is. */
const HELD_MS = 150;
/** More commands than the log's queue holds. */
const QUEUE_COMMANDS = 66_000;

function many(make: (i: number) => readonly string[]): string[] {
  return Array.from({ length: MANY }, (_, i) => make(i)).flat();
}

async function callMany(client: RespClient, ...parts: (string | readonly string[])[]) {
  const sending = client.sendRaw(encodeCommand(parts.flat()));
  const reply = await client.readRaw();
  await sending;
  return reply;
}

Deno.test("a command with 150,000 arguments is logged as it was obeyed", async () => {
  await using server = await startRedeno(OPTIONS);
  await using client = await connect(server.port);
  const fields = many((i) => [String(i)]);
  await callMany(client, "HSET", "h", many((i) => [String(i), "v"]));
  assertMatch(
    await callMany(client, "HEXPIRE", "h", "1000", "FIELDS", String(MANY), fields),
    /^\*/,
  );
  assertMatch(await callMany(client, "XADD", "x", "*", fields), /^\$/);
  const places = many((i) => ["15", "37", `m${i}`]);
  assertEquals(await callMany(client, "GEOADD", "g", places), `:${MANY}\r\n`);
  const before = await client.call("DEBUG", "DIGEST");
  assertEquals(await client.callRaw("DEBUG", "RELOAD"), "+OK\r\n");
  assertEquals(await client.call("DEBUG", "DIGEST"), before);
  assertEquals(await client.callRaw("EXISTS", "h", "x", "g"), ":3\r\n");
  assertMatch(await client.callRaw("HTTL", "h", "FIELDS", "1", "7"), /^\*1\r\n:\d+\r\n$/);
});

Deno.test("CLIENT UNBLOCK within a transaction does not cut its unit in two", async () => {
  await using server = await startRedeno(OPTIONS);
  await using blocked = await connect(server.port);
  await using client = await connect(server.port);
  const id = (await blocked.callRaw("CLIENT", "ID")).slice(1, -2);
  await blocked.send("BLPOP", "q", "0");
  await eventually("it waits", async () => await infoFigure(client, "blocked_clients") === 1);
  await client.pipeline([
    ["MULTI"],
    ["SET", "a", "1"],
    ["CLIENT", "UNBLOCK", id],
    ["SET", "b", "2"],
    ["EXEC"],
  ]);
  assertEquals(await blocked.callRaw("PING"), "*-1\r\n");
  assertEquals(await logged(server), ["SELECT 0", "MULTI", "SET a 1", "SET b 2", "EXEC"]);
});

Deno.test("DEBUG RELOAD is refused within a transaction, which loses nothing", async () => {
  await using server = await startRedeno(OPTIONS);
  await using client = await connect(server.port);
  const replies = await client.pipelineRaw([
    ["MULTI"],
    ["SET", "a", "1"],
    ["DEBUG", "RELOAD"],
    ["SET", "b", "2"],
    ["EXEC"],
  ]);
  assertMatch(replies[4], /^\*3\r\n\+OK\r\n-ERR DEBUG RELOAD .*\r\n\+OK\r\n$/);
  assertEquals(await client.callRaw("EXISTS", "a", "b"), ":2\r\n");
  assertEquals(await logged(server), ["SELECT 0", "MULTI", "SET a 1", "SET b 2", "EXEC"]);
});

Deno.test("a blocked subscriber closed by the event of its own reply costs nobody else", async () => {
  await using server = await startRedeno(OPTIONS);
  await using blocked = await connect(server.port);
  await using client = await connect(server.port);
  await client.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1 0 0");
  await client.call("CONFIG", "SET", "notify-keyspace-events", "KEA");
  await blocked.call("HELLO", "3");
  await blocked.callRaw("SUBSCRIBE", "__keyevent@0__:lpop");
  await blocked.send("BLPOP", "q", "0");
  await eventually("it waits", async () => await infoFigure(client, "blocked_clients") === 1);
  assertEquals(await client.callRaw("RPUSH", "q", "x"), ":1\r\n");
  assertEquals(await client.callRaw("ECHO", "x"), "$1\r\nx\r\n");
  assertEquals(await infoFigure(client, "blocked_clients"), 0);
  assertEquals(await logged(server), ["SELECT 0", "RPUSH q x", "LPOP q"]);
});

Deno.test("WATCH of a key a second time counts once, and UNWATCH ends it", async () => {
  await using server = await startRedeno();
  await using client = await connect(server.port);
  await client.call("WATCH", "k", "k", "k");
  await client.call("WATCH", "k");
  await client.call("UNWATCH");
  await client.pipeline([["SET", "k", "1"], ["MULTI"], ["PING"]]);
  assertEquals(await client.callRaw("EXEC"), "*1\r\n+PONG\r\n");
  await client.pipeline([["WATCH", "k", "k"], ["SET", "k", "2"], ["MULTI"], ["PING"]]);
  assertEquals(await client.callRaw("EXEC"), "*-1\r\n");
});

/** Runs `act` with a server whose log, under `everysec`, is on a disk that then becomes full. */
async function withFullDisk(
  act: (place: { connect: () => Promise<RespClient>; fill: () => void; mend: () => void }) => //
  Promise<void>,
): Promise<void> {
  const disk = new MemoryDisk();
  const config = new Config({ directory: "/data" });
  const port = freePort();
  const directives = { dir: "/data", bind: "127.0.0.1", port, appendonly: "yes" };
  for (const [name, value] of Object.entries(directives)) {
    config.load(name, [String(value)], { accumulate: false, directory: "/data" });
  }
  const server = new Server({
    config,
    disk,
    clock: systemClock,
    random: new SeededRandom(1),
    logger: new Logger(systemClock, () => {}),
    exit: () => {},
  });
  await server.start();
  const clients: RespClient[] = [];
  try {
    await act({
      connect: async () => {
        const client = await connect(port, { timeout_ms: 4000 });
        clients.push(client);
        return client;
      },
      fill: () =>
        disk.fault = ({ operation, path }) =>
          operation === "write" && path.endsWith(".incr.aof")
            ? { code: "ENOSPC", written: 0 }
            : undefined,
      mend: () => disk.fault = () => undefined,
    });
  } finally {
    for (const client of clients) await client[Symbol.asyncDispose]();
    await server.stop().catch(() => {});
  }
}

for (const command of [["KEYS", "*"], ["SCAN", "0"], ["RANDOMKEY"], ["DBSIZE"]]) {
  Deno.test(`${command[0]} does not tell of a key before it is safe`, async () => {
    await withFullDisk(async ({ connect, fill, mend }) => {
      const [writer, reader] = [await connect(), await connect()];
      fill();
      await writer.send("SET", "k", "1");
      assertEquals(await writer.readRawWithin(HELD_MS), undefined);
      await reader.send(...command);
      assertEquals(await reader.readRawWithin(HELD_MS), undefined);
      mend();
      assertMatch(await reader.readRaw(), /k|1/);
    });
  });
}

Deno.test("a queue that a full disk keeps full refuses writes, and stops nobody", async () => {
  await withFullDisk(async ({ connect, fill, mend }) => {
    const [writer, early, late] = [await connect(), await connect(), await connect()];
    const one = encodeCommand(["SET", "k", "1"]);
    const sets = new Uint8Array(one.length * QUEUE_COMMANDS);
    for (let i = 0; i < QUEUE_COMMANDS; i++) sets.set(one, i * one.length);
    await writer.sendRaw(encodeCommand(["MULTI"]));
    await writer.sendRaw(sets);
    await eventually(
      "all of it is queued",
      async () =>
        new RegExp(` multi=${QUEUE_COMMANDS} `).test(await early.callRaw("CLIENT", "LIST")),
    );
    fill();
    await writer.sendRaw(encodeCommand(["EXEC"]));
    await eventually(
      "the write has failed",
      async () => /aof_last_write_status:err/.test(await early.callRaw("INFO", "persistence")),
    );
    for (let i = 0; i < 3; i++) {
      for (const client of [early, late]) {
        assertEquals(await client.callRaw("ECHO", "x"), "$1\r\nx\r\n");
        assertMatch(await client.callRaw("SET", "other", "1"), /^-MISCONF/);
      }
    }
    mend();
    await eventually(
      "writes are accepted again",
      async () => /^\+OK/.test(await early.callRaw("SET", "other", "2")),
    );
  });
});

Deno.test("clients that have gone during a long CLIENT PAUSE are not kept until its end", async () => {
  const pause = new Pause(systemClock, { keepsExpired: false });
  pause.set(systemClock.now_ms() + 600_000, false);
  const random = new SeededRandom(1);
  const db = new Keyspace(1, drawHashSeed(random), random, 0).database(0);
  const stays = new Client(1, db, 0, undefined);
  const set = commands.get("set")!;
  let staysWaits = true;
  const stayed = pause.wait(set, stays).then(() => staysWaits = false);
  const gone: Promise<void>[] = [];
  for (let id = 2; id < 1000; id++) {
    const client = new Client(id, db, 0, undefined);
    gone.push(pause.wait(set, client));
    client.closing = true;
  }
  await gone[0];
  assert(pause.waitingCount < 100, `${pause.waitingCount} wait`);
  assertEquals(staysWaits, true);
  pause.set(0, false);
  await Promise.all([stayed, ...gone]);
});
