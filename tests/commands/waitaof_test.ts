/** WAIT as Redis without replicas answers it, and WAITAOF of Redis 7.2. */

import { assert, assertEquals } from "../kit/assert.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { eventually, infoFigure } from "../server/kit.ts";
import { BlockingRoom } from "./blocking_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const always = { sanitizeOps: true, sanitizeResources: true };
const LOG = ["--appendonly", "yes", "--appendfsync"];
const SAFE = "*2\r\n:1\r\n:0\r\n";
const UNSAFE = "*2\r\n:0\r\n:0\r\n";
const NO_LOG = "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n";

/** Sends a command; resolves when it waits. */
async function begin(client: RespClient, control: RespClient, ...command: string[]): Promise<void> {
  await client.send(...command);
  await eventually("it waits", async () => (await infoFigure(control, "blocked_clients")) === 1);
}

Deno.test({ name: "WAIT answers as Redis without replicas does", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using room = new BlockingRoom(redis, redeno);
  await room.run(`
    A WAIT 0 0
    A WAIT -1 0
    A WAIT x 0
    A WAIT 1
    A WAIT 1 x
    A WAIT 1 -1
    A WAIT 99999999999999999999 1
    A SET k v
    A WAIT 1 300
    SLEEP 500
    A WAIT 2147483647 300
    SLEEP 500
    A WAIT 1 0
    B CLIENT UNBLOCK #A
    A WAIT 1 9223372036854775807
    B CLIENT UNBLOCK #A ERROR
    A MULTI
    A SET k w
    A WAIT 1 0
    A EXEC
    A WAIT 1 0
    B PING
    A CLOSE
  `);
});

Deno.test(
  { name: "WAITAOF checks its arguments in the order of Redis 7.2", ...always },
  async () => {
    await using redeno = await startRedeno();
    await using client = await connect(redeno.port);
    const ask = (...words: string[]) => client.callRaw("WAITAOF", ...words);
    const range = "-ERR value is out of range, must be between 0 and 1\r\n";
    assertEquals(await ask("1", "0"), "-ERR wrong number of arguments for 'waitaof' command\r\n");
    assertEquals(await ask("2", "x", "x"), range);
    assertEquals(await ask("-1", "0", "0"), range);
    assertEquals(await ask("x", "0", "0"), "-ERR value is not an integer or out of range\r\n");
    assertEquals(await ask("1", "-1", "x"), "-ERR value is out of range, must be positive\r\n");
    assertEquals(await ask("1", "0", "x"), "-ERR timeout is not an integer or out of range\r\n");
    assertEquals(await ask("1", "0", "-1"), "-ERR timeout is negative\r\n");
    assertEquals(await ask("1", "0", "0"), NO_LOG);
    assertEquals(await ask("0", "0", "0"), UNSAFE);
    assertEquals(await ask("0", "1", "20"), UNSAFE);
  },
);

Deno.test({ name: "under everysec WAITAOF waits for the next fsync", ...always }, async () => {
  await using redeno = await startRedeno([...LOG, "everysec"]);
  await using client = await connect(redeno.port);
  for (let i = 0; i < 3; i++) {
    await client.call("SET", "k", String(i));
    const began_ms = performance.now();
    assertEquals(await client.callRaw("WAITAOF", "1", "0", "0"), SAFE);
    assert(performance.now() - began_ms < 5000);
    assertEquals(await client.callRaw("WAITAOF", "0", "0", "0"), SAFE);
  }
  const replies = await client.pipelineRaw([["SET", "k", "x"], ["WAITAOF", "1", "0", "0"]]);
  assertEquals(replies, ["+OK\r\n", SAFE]);
  assertEquals(await client.callRaw("WAITAOF", "1", "2", "30"), SAFE); // of the replicas none
});

Deno.test({ name: "under always what was answered is safe already", ...always }, async () => {
  await using redeno = await startRedeno([...LOG, "always"]);
  await using client = await connect(redeno.port);
  await client.call("SET", "k", "v");
  assertEquals(await client.callRaw("WAITAOF", "0", "0", "0"), SAFE);
  const replies = await client.pipelineRaw([["SET", "k", "x"], ["WAITAOF", "1", "0", "0"]]);
  assertEquals(replies, ["+OK\r\n", SAFE]);
});

Deno.test(
  { name: "WAITAOF waits for this client's writes, and never within MULTI", ...always },
  async () => {
    await using redeno = await startRedeno([...LOG, "no"]);
    await using client = await connect(redeno.port);
    await using other = await connect(redeno.port);
    await client.call("SET", "k", "v");
    assertEquals(await other.callRaw("WAITAOF", "1", "0", "0"), SAFE); // it has written nothing
    assertEquals(await client.callRaw("WAITAOF", "1", "0", "30"), UNSAFE);
    const replies = await client.pipelineRaw([["MULTI"], ["WAITAOF", "1", "0", "0"], ["EXEC"]]);
    assertEquals(replies[2], `*1\r\n${UNSAFE}`);
    const writing = await other.pipelineRaw([
      ["MULTI"],
      ["SET", "a", "1"],
      ["WAITAOF", "1", "0", "0"],
      ["EXEC"],
    ]);
    assertEquals(writing[3], `*2\r\n+OK\r\n${UNSAFE}`);

    const id = (await client.callRaw("CLIENT", "ID")).slice(1, -2);
    await begin(client, other, "WAITAOF", "1", "0", "0");
    assertEquals(await other.callRaw("CLIENT", "UNBLOCK", id), ":1\r\n");
    assertEquals(await client.readRaw(), UNSAFE);
    await begin(client, other, "WAITAOF", "1", "0", "60000");
    assertEquals(await other.callRaw("CLIENT", "UNBLOCK", id, "ERROR"), ":1\r\n");
    assertEquals(await client.readRaw(), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
  },
);

Deno.test({ name: "who waits is told when the log is turned off", ...always }, async () => {
  await using redeno = await startRedeno([...LOG, "no"]);
  await using client = await connect(redeno.port);
  await using other = await connect(redeno.port);
  await client.call("SET", "k", "v");
  await begin(client, other, "WAITAOF", "1", "0", "0");
  await other.call("CONFIG", "SET", "appendonly", "no");
  assertEquals(await client.readRaw(), NO_LOG);
});
