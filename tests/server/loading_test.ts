/**
 * Loading the log: at the start, where clients hear -LOADING meanwhile, and again with DEBUG RELOAD
 * and LOADAOF; switching the log off and on; and the files of real Redis, both ways.
 */

import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import {
  freePort,
  hasRedisServer,
  type Server,
  StartError,
  startRedeno,
  startRedis,
} from "../kit/oracle.ts";
import { type Command, connect, encodeCommand, type RespClient } from "../kit/resp_client.ts";
import { eventually, sleep } from "./kit.ts";

const OPTIONS = ["--appendonly", "yes", "--enable-debug-command", "yes"];
const OK = { type: "simple", value: "OK" } as const;
/** Enough for a load that takes long enough to be watched. */
const BIG_LOG_COMMANDS = 1_200_000;

async function withDir(action: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  try {
    await action(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function digestOf(server: Server): Promise<string> {
  await using client = await connect(server.port);
  const reply = await client.call("DEBUG", "DIGEST");
  assert(reply.type === "simple");
  return reply.value;
}

async function send(client: RespClient, commands: readonly Command[]): Promise<void> {
  for (const reply of await client.pipeline(commands)) {
    if (reply.type === "error") throw new Error(reply.value);
  }
}

/** Data of every sort, in several databases, written in every way. */
async function fillWithEverything(client: RespClient): Promise<void> {
  await send(client, [
    ["SET", "text", "value"],
    ["SET", "empty", ""],
    ["SET", "\x00\xff\r\n", "\r\n*1\r\n"],
    ["SET", "number", "12345"],
    ["INCRBYFLOAT", "float", "3.3"],
    ["SETRANGE", "padded", "20", "end"],
    ["APPEND", "text", " and more"],
    ["SET", "soon", "gone", "PX", "1"],
    ["SET", "later", "there", "EXAT", "4000000000"],
    ["SELECT", "9"],
    ["MSET", "a", "1", "b", "2", "c", "3"],
    ["PEXPIREAT", "a", "4000000000123"],
    ["MULTI"],
    ["DEL", "b"],
    ["SELECT", "0"],
    ["COPY", "text", "copy"],
    ["RENAME", "number", "renamed"],
    ["EXEC"],
    ["SET", "long", "x".repeat(70_000)],
    ["SWAPDB", "9", "4"],
  ]);
}

function bigLog(): Uint8Array {
  const one = encodeCommand(["SET", "key:00000000", "v".repeat(32)]);
  const all = new Uint8Array(one.length * BIG_LOG_COMMANDS);
  const digitsAt = new TextDecoder("latin1").decode(one).indexOf("00000000");
  for (let i = 0; i < BIG_LOG_COMMANDS; i++) {
    all.set(one, i * one.length);
    for (let place = digitsAt + 7, rest = i; rest > 0; place--, rest = Math.floor(rest / 10)) {
      all[i * one.length + place] = 48 + rest % 10;
    }
  }
  return all;
}

async function layDownBigLog(dir: string): Promise<string> {
  const path = `${dir}/appendonlydir/appendonly.aof.1.incr.aof`;
  await Deno.mkdir(`${dir}/appendonlydir`);
  const manifest = "file appendonly.aof.1.incr.aof seq 1 type i\n";
  await Deno.writeTextFile(`${dir}/appendonlydir/appendonly.aof.manifest`, manifest);
  await Deno.writeFile(path, bigLog());
  return path;
}

async function loadingClient(port: number): Promise<RespClient> {
  let client: RespClient | undefined;
  await eventually("the port is open", async () => {
    client = await connect(port).catch(() => undefined);
    return client !== undefined;
  });
  return client!;
}

Deno.test("while a large log is loaded clients hear -LOADING, and then everything is there", async () => {
  await withDir(async (dir) => {
    await layDownBigLog(dir);
    const port = freePort();
    const starting = startRedeno(OPTIONS, { dir, port, timeout_ms: 60_000 });
    {
      await using client = await loadingClient(port);
      const commands = [["PING"], ["GET", "key:00000001"], ["SET", "k", "v"]]
        .concat([["CONFIG", "SET", "dir", "."], ["CONFIG", "SET", "hz", "9", "appendonly", "no"]])
        .concat([["DEBUG", "POPULATE", "1"]]);
      for (const command of commands) {
        const reply = await client.callRaw(...command);
        assertEquals(reply, "-LOADING Redis is loading the dataset in memory\r\n");
      }
      assertEquals(await client.call("CONFIG", "SET", "timeout", "0"), OK);
      assertMatch(await client.callRaw("INFO", "persistence"), /^loading:1\r$/m);
    }
    await using server = await starting;
    await using client = await connect(port);
    assertEquals(await client.call("DBSIZE"), { type: "int", value: BIG_LOG_COMMANDS });
    assertMatch(await client.callRaw("INFO", "persistence"), /^loading:0\r$/m);
    assertEquals(await client.call("EXISTS", "k"), { type: "int", value: 0 });
    const asked = performance.now();
    const reloading = client.call("DEBUG", "RELOAD");
    await using other = await connect(port);
    await eventually(
      "the reload has begun",
      async () => /^-LOADING/.test(await other.callRaw("GET", "key:00000001")),
    );
    assertEquals(await reloading, OK);
    assert(performance.now() - asked > 50, "the reload did not read the log");
    assertEquals(await client.call("DBSIZE"), { type: "int", value: BIG_LOG_COMMANDS });
    assertEquals(server.port, port);
  });
});

Deno.test("SIGTERM while a log is loaded ends with 0 and leaves the log as it was", async () => {
  await withDir(async (dir) => {
    const path = await layDownBigLog(dir);
    const port = freePort();
    const starting = startRedeno(OPTIONS, { dir, port }).then(
      () => "it started",
      (error) => error instanceof StartError ? error.code : String(error),
    );
    await using client = await loadingClient(port);
    const info = await client.callRaw("INFO", "server");
    const pid = Number(/process_id:(\d+)/.exec(info)![1]);
    Deno.kill(pid, "SIGTERM"); // a process of this test, known by its own word
    assertEquals(await starting, 0);
    const one_bytes = encodeCommand(["SET", "key:00000000", "v".repeat(32)]).length;
    assertEquals((await Deno.stat(path)).size, BIG_LOG_COMMANDS * one_bytes);
  });
});

for (const subcommand of ["RELOAD", "LOADAOF"]) {
  Deno.test(`DEBUG ${subcommand} keeps the data, also while others write`, async () => {
    await using server = await startRedeno(OPTIONS);
    await using client = await connect(server.port);
    await fillWithEverything(client);
    await sleep(5);
    await client.call("EXISTS", "soon"); // it has expired: no digest counts it from now on
    const before = await digestOf(server);
    await using other = await connect(server.port);
    assertEquals(await other.call("DEBUG", subcommand), OK);
    assertEquals(await digestOf(server), before);
    // Its own writes went to the log of before: it must not wait for this one to grow as long.
    assertEquals(await client.callRaw("PING"), "+PONG\r\n");

    let acknowledged = 0;
    let isOver = false;
    const writing = (async () => {
      await using writer = await connect(server.port);
      while (!isOver) {
        for (const reply of await writer.pipeline(new Array(20).fill(["INCR", "counter"]))) {
          if (reply.type === "int") acknowledged++;
          else assert(reply.type === "error" && reply.value.startsWith("LOADING"));
        }
      }
    })();
    for (let i = 0; i < 5; i++) {
      await sleep(20);
      assertEquals(await client.call("DEBUG", subcommand), OK);
    }
    isOver = true;
    await writing;
    assertEquals(await client.call("GET", "counter"), { type: "bulk", value: `${acknowledged}` });
    const after = await digestOf(server);
    assertEquals(await client.call("DEBUG", subcommand), OK);
    assertEquals(await digestOf(server), after);
  });
}

Deno.test("a log that is switched on while the server runs holds everything there was", async () => {
  await withDir(async (dir) => {
    const digests: string[] = [];
    const options = ["--enable-debug-command", "yes", "--appendonly"];
    {
      await using server = await startRedeno([...options, "no"], { dir });
      await using client = await connect(server.port);
      await fillWithEverything(client);
      await sleep(5);
      await client.call("EXISTS", "soon"); // it has expired: no digest counts it from now on
      assertEquals(await client.call("CONFIG", "SET", "appendonly", "yes"), OK);
      await client.call("SET", "after", "1");
      digests.push(await digestOf(server));
      await server.kill();
    }
    {
      await using server = await startRedeno([...options, "yes"], { dir });
      digests.push(await digestOf(server));
      await using client = await connect(server.port);
      for (let i = 0; i < 5; i++) {
        await client.call("SET", `round${i}`, "1");
        await client.pipeline([
          ["CONFIG", "SET", "appendonly", "no"],
          ["SET", `between${i}`, "1"],
          ["CONFIG", "SET", "appendonly", "yes"],
          ["SET", `behind${i}`, "1"],
        ]);
      }
      digests.push(await digestOf(server));
      await sleep(50); // whoever closed a log late has done it by now
      const second = await startRedeno([...options, "yes"], { dir }).then(
        () => "started",
        (error: StartError) => error.log,
      );
      assertMatch(second, /in use by pid/);
      await server.kill();
    }
    await using server = await startRedeno([...options, "yes"], { dir });
    digests.push(await digestOf(server));
    assertEquals(digests[1], digests[0]);
    assertEquals(digests[3], digests[2]);
  });
});

Deno.test("keys that expired while the server was down are gone; times to live go on", async () => {
  await withDir(async (dir) => {
    let expires: string;
    {
      await using server = await startRedeno(OPTIONS, { dir });
      await using client = await connect(server.port);
      await send(client, [
        ["SET", "short", "1", "PX", "300"],
        ["SET", "long", "1", "EX", "1000"],
        ["SET", "kept", "1", "PX", "200"],
        ["PERSIST", "kept"],
      ]);
      expires = await client.callRaw("PEXPIRETIME", "long");
      await server.kill();
    }
    await sleep(400);
    await using server = await startRedeno(OPTIONS, { dir });
    await using client = await connect(server.port);
    assertEquals(await client.callRaw("EXISTS", "short"), ":0\r\n");
    assertEquals(await client.callRaw("TTL", "kept"), ":-1\r\n");
    assertEquals(await client.callRaw("PEXPIRETIME", "long"), expires);
    await eventually(
      "short is counted no more",
      async () => await client.callRaw("DBSIZE") === ":2\r\n",
    );
  });
});

Deno.test({
  name: "redis-server loads our log, and we load what it has made of it",
  ignore: !hasRedisServer(),
  async fn() {
    await withDir(async (dir) => {
      let ours: string;
      {
        await using server = await startRedeno(OPTIONS, { dir });
        await using client = await connect(server.port);
        await fillWithEverything(client);
        await sleep(5);
        await client.call("EXISTS", "soon"); // its end is in the log from now on
        await client.call("CONFIG", "SET", "appendonly", "no");
        await client.call("CONFIG", "SET", "appendonly", "yes"); // so there is a base file as well
        await client.call("SET", "after", "1");
        ours = await digestOf(server);
      }
      let theirs: string;
      {
        await using redis = await startRedis([...OPTIONS, "--aof-use-rdb-preamble", "no"], { dir });
        assertEquals(await digestOf(redis), ours);
        await using client = await connect(redis.port);
        await send(client, [["SELECT", "3"], ["SET", "theirs", "1", "EX", "5000"], [
          "SELECT",
          "0",
        ]]);
        await client.call("BGREWRITEAOF");
        await eventually(
          "it has rewritten its log",
          async () =>
            /aof_rewrite_in_progress:0\r[^]*aof_last_bgrewrite_status:ok/.test(
              await client.callRaw("INFO", "persistence"),
            ),
        );
        await send(client, [["MULTI"], ["INCR", "n"], ["SELECT", "1"], ["INCR", "n"], ["EXEC"]]);
        theirs = await digestOf(redis);
      }
      await using server = await startRedeno(OPTIONS, { dir });
      assertEquals(await digestOf(server), theirs);
    });
  },
});
