/** BACKUP: a copy of one moment, made while clients write, that servers can be started on. */

import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import type { Reply } from "../kit/resp_reply.ts";
import { eventually } from "../server/kit.ts";

const LOGGED = ["--appendonly", "yes", "--save", ""];
const UNLOGGED = ["--appendonly", "no", "--save", ""];
const sanitized = { sanitizeOps: true, sanitizeResources: true };

function text(reply: Reply): string {
  if (reply.type === "int") return String(reply.value);
  if (reply.type === "null") return "";
  if ("value" in reply) return String(reply.value);
  throw new Error(`a reply of type ${reply.type}`);
}

/** A flat array of names and values. */
function fields(reply: Reply): Record<string, string> {
  assertEquals(reply.type, "array");
  const items = reply.type === "array" ? reply.items : [];
  const pairs: Record<string, string> = {};
  for (let i = 0; i < items.length; i += 2) pairs[text(items[i])] = text(items[i + 1]);
  return pairs;
}

async function done(client: RespClient): Promise<Record<string, string>> {
  let status: Record<string, string> = {};
  await eventually("the backup ends", async () => {
    status = fields(await client.call("BACKUP", "STATUS"));
    return status.state !== "running";
  });
  return status;
}

/** Keeps two counters equal, and a log of every type growing, until told to stop. */
async function keepWriting(server: Server, isOver: () => boolean): Promise<number> {
  await using client = await connect(server.port);
  let last = 0;
  while (!isOver()) {
    for (const command of [["MULTI"], ["INCR", "a"], ["RPUSH", "list", "x"], ["INCR", "b"]]) {
      await client.call(...command);
    }
    const reply = await client.call("EXEC");
    assertEquals(reply.type, "array");
    last++;
  }
  return last;
}

async function counters(server: Server): Promise<number[]> {
  await using client = await connect(server.port);
  const replies = [
    await client.call("GET", "a"),
    await client.call("LLEN", "list"),
    await client.call("GET", "b"),
  ];
  return replies.map((reply) => Number(text(reply)));
}

Deno.test({
  name: "a backup made while clients write is of one moment, and no server changes the other's",
  ...sanitized,
  fn: async () => {
    await using server = await startRedeno(LOGGED);
    await using client = await connect(server.port);
    let isOver = false;
    const writing = keepWriting(server, () => isOver);
    await eventually("something is there", async () => (await counters(server))[0] > 50);
    for (const [round, name] of ["one", "two", "three"].entries()) {
      if (round > 0) await client.call("BGREWRITEAOF");
      const [before] = await counters(server);
      assertEquals(text(await client.call("BACKUP", "START", name)), "Background backup started");
      const status = await done(client);
      assertEquals([status.state, status.error, status.method], ["done", "", "log"]);
      assertEquals([status.percent, status.path], ["100.0", `${server.dir}/${name}`]);
      const [after] = await counters(server);
      await using copy = await startRedeno(LOGGED, { dir: `${server.dir}/${name}` });
      const [a, list, b] = await counters(copy);
      assert(before <= a && a <= after, `${a} is not between ${before} and ${after}`);
      assertEquals([list, b], [a, a]);
      await using copyClient = await connect(copy.port);
      await copyClient.call("SET", "a", "nonsense");
      await copyClient.call("BGREWRITEAOF");
    }
    isOver = true;
    const last = await writing;
    await server.kill();
    await using again = await startRedeno(LOGGED, { dir: server.dir });
    assertEquals(await counters(again), [last, last, last]);
  },
});

Deno.test({
  name: "the real Redis starts on a backup",
  ignore: !hasRedisServer(),
  ...sanitized,
  fn: async () => {
    await using server = await startRedeno([...LOGGED, "--aof-use-rdb-preamble", "yes"]);
    await using client = await connect(server.port);
    await client.call("SET", "k", "v");
    await client.call("RPUSH", "l", "1", "2", "3");
    await client.call("BACKUP", "START", "copy");
    assertEquals((await done(client)).state, "done");
    await using redis = await startRedis(["--appendonly", "yes"], { dir: `${server.dir}/copy` });
    await using theirs = await connect(redis.port);
    assertEquals(text(await theirs.call("GET", "k")), "v");
    assertEquals(text(await theirs.call("LLEN", "l")), "3");
  },
});

Deno.test({
  name: "where nothing is logged, a backup is a snapshot",
  ...sanitized,
  fn: async () => {
    await using server = await startRedeno(UNLOGGED);
    await using client = await connect(server.port);
    await client.call("SET", "k", "v");
    await client.call("BACKUP", "START", "snap/shot");
    const status = await done(client);
    assertEquals([status.state, status.error, status.method], ["done", "", "snapshot"]);
    await using copy = await startRedeno(UNLOGGED, { dir: `${server.dir}/snap/shot` });
    await using theirs = await connect(copy.port);
    assertEquals(text(await theirs.call("GET", "k")), "v");
  },
});

Deno.test({
  name: "LIST finds complete backups, of this process and of others; STATUS begins with none",
  ...sanitized,
  fn: async () => {
    await using server = await startRedeno(LOGGED);
    await using client = await connect(server.port);
    assertEquals(fields(await client.call("BACKUP", "STATUS")).state, "none");
    assertEquals(await client.call("BACKUP", "LIST"), { type: "array", items: [] });
    await client.call("SET", "k", "v");
    for (const name of ["one", "deep/two"]) {
      await client.call("BACKUP", "START", name);
      assertEquals((await done(client)).state, "done");
    }
    Deno.mkdirSync(`${server.dir}/other`);
    Deno.copyFileSync(`${server.dir}/one/backup.json`, `${server.dir}/other/backup.json`);
    Deno.mkdirSync(`${server.dir}/broken`);
    Deno.writeTextFileSync(`${server.dir}/broken/backup.json`, "{}");
    const reply = await client.call("BACKUP", "LIST");
    const entries = reply.type === "array" ? reply.items.map(fields) : [];
    assertEquals(entries.map(({ path }) => path.slice(server.dir.length)).sort(), [
      "/deep/two",
      "/one",
      "/other",
    ]);
    for (const { method, files, bytes } of entries) {
      assertEquals(method, "log");
      assert(Number(files) >= 3, files); // a sealed one, an empty one, the manifest
      assert(Number(bytes) > 100, bytes);
    }
    assert(!Deno.readTextFileSync(`${server.dir}/one/backup.json`).includes(server.dir));
  },
});

Deno.test({
  name: "a backup is refused where it may not be, or something is in the way",
  ...sanitized,
  fn: async () => {
    await using server = await startRedeno(LOGGED);
    await using client = await connect(server.port);
    const refusal = async (...words: string[]) => {
      const reply = await client.call("BACKUP", ...words);
      assertEquals(reply.type, "error", `${words}`);
      return text(reply);
    };
    const outside = "ERR a backup outside of 'dir' needs 'enable-protected-configs'";
    assertStringIncludes(await refusal("START", "/tmp/somewhere"), outside);
    assertStringIncludes(await refusal("START", "../somewhere"), outside);
    assertStringIncludes(await refusal("START", "x/../../somewhere"), outside);
    assertStringIncludes(await refusal("START", ""), "ERR Invalid backup path");
    assertStringIncludes(await refusal("START", "a\0b"), "ERR Invalid backup path");
    assertStringIncludes(await refusal("START", "appendonlydir/x"), "is no place");
    Deno.mkdirSync(`${server.dir}/full`);
    Deno.writeTextFileSync(`${server.dir}/full/file`, "");
    assertStringIncludes(await refusal("START", "full"), "is not empty");
    assertStringIncludes(await refusal("START"), "wrong number of arguments for 'backup|start'");
    assertStringIncludes(await refusal("STOP"), "unknown subcommand 'STOP'. Try BACKUP HELP.");
    assertEquals(fields(await client.call("BACKUP", "STATUS")).state, "none");
    assertEquals((await client.call("BACKUP", "HELP")).type, "array");
    await client.call("MULTI");
    assertStringIncludes(await refusal("START", "x"), "not allowed inside a transaction");
    await client.call("DISCARD");
    const both = await Promise.all([
      client.call("BACKUP", "START", "first"),
      connect(server.port).then(async (other) => {
        await using client = other;
        return await client.call("BACKUP", "START", "second");
      }),
    ]);
    const errors = both.filter(({ type }) => type === "error").map(text);
    assert(errors.every((error) => /already in progress/.test(error)), errors.join());
    await done(client);
  },
});

Deno.test({
  name: "enable-protected-configs local: a client on this machine may write elsewhere",
  ...sanitized,
  fn: async () => {
    await using server = await startRedeno([...LOGGED, "--enable-protected-configs", "local"]);
    await using client = await connect(server.port);
    const elsewhere = await Deno.makeTempDir({ prefix: "redeno_test_" });
    await client.call("BACKUP", "START", `${elsewhere}/x/`);
    const status = await done(client);
    assertEquals([status.state, status.path], ["done", `${elsewhere}/x`]);
    Deno.removeSync(elsewhere, { recursive: true });
  },
});
