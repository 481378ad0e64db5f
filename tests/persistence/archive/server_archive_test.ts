/** `aof-archive-dir` of a running server: what it costs nobody, and what comes back. */

import { assert, assertEquals } from "../../kit/assert.ts";
import { type Server, startRedeno } from "../../kit/oracle.ts";
import { connect, type RespClient } from "../../kit/resp_client.ts";
import { eventually, infoFigure } from "../../server/kit.ts";
import { DirectorySink } from "../../../lib/persistence/archive/directory_sink.ts";
import { restoreArchive } from "../../../lib/persistence/archive/restore.ts";
import { backgroundDisk } from "../../../lib/platform/background_disk.ts";
import { systemDisk } from "../../../lib/platform/disk.ts";

const sanitized = { sanitizeOps: true, sanitizeResources: true };

function options(archive: string): string[] {
  return [
    ...["--appendonly", "yes", "--save", "", "--enable-debug-command", "yes"],
    ...["--aof-archive-dir", archive, "--aof-archive-interval", "1"],
    ...["--enable-protected-configs", "yes"],
  ];
}

async function text(client: RespClient, ...words: string[]): Promise<string> {
  const reply = await client.call(...words);
  if (!("value" in reply)) throw new Error(`${words.join(" ")}: ${reply.type}`);
  return String(reply.value);
}

async function archived(client: RespClient): Promise<void> {
  try {
    await eventually(
      "everything is archived",
      async () =>
        await infoFigure(client, "aof_archive_pending_files") === 0 &&
        await infoFigure(client, "aof_archive_lag_bytes") === 0,
    );
  } catch (cause) {
    throw new Error(await text(client, "INFO", "persistence"), { cause });
  }
}

/** A server on what the archive holds. */
async function restoredServer(archive: string, to_time_s?: number): Promise<Server> {
  const dir = Deno.makeTempDirSync({ prefix: "redeno_test_" });
  await restoreArchive({
    disk: systemDisk,
    archive: new DirectorySink(backgroundDisk(systemDisk), archive),
    into: `${dir}/appendonlydir`,
    ...(to_time_s === undefined ? {} : { to_time_s }),
    log: () => {},
  });
  const extra = ["--appendonly", "yes", "--save", "", "--enable-debug-command", "yes"];
  return await startRedeno(extra, { dir });
}

async function restoredText(archive: string, words: string[], to_time_s?: number) {
  const server = await restoredServer(archive, to_time_s);
  try {
    await using client = await connect(server.port);
    return await text(client, ...words);
  } finally {
    await server.stop();
    Deno.removeSync(server.dir, { recursive: true });
  }
}

Deno.test({
  name: "an archive restores what the server had, through rewrites and kill -9",
  ...sanitized,
  fn: async () => {
    const archive = Deno.makeTempDirSync({ prefix: "redeno_test_" });
    await using server = await startRedeno(options(archive));
    let digest = "";
    {
      await using client = await connect(server.port);
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 300; i++) {
          await client.call("MULTI");
          await client.call("RPUSH", `list:${i % 7}`, `${i}`);
          await client.call("INCR", "n");
          await client.call("EXEC");
        }
        if (round < 2) await client.call("BGREWRITEAOF");
      }
      await archived(client);
      digest = await text(client, "DEBUG", "DIGEST");
    }
    await server.kill();
    assertEquals(await restoredText(archive, ["DEBUG", "DIGEST"]), digest);

    await using again = await startRedeno(options(archive), { dir: server.dir });
    await using client = await connect(again.port);
    await client.call("SET", "more", "1");
    await archived(client);
    assertEquals(await restoredText(archive, ["GET", "more"]), "1");
    assert([...Deno.readDirSync(archive)].every(({ name }) => name.startsWith("h1.")));
    Deno.removeSync(archive, { recursive: true });
  },
});

Deno.test({
  name: "an archive restores the state at a second",
  ...sanitized,
  fn: async () => {
    const archive = Deno.makeTempDirSync({ prefix: "redeno_test_" });
    await using server = await startRedeno(options(archive));
    await using client = await connect(server.port);
    const states: { time_s: number; n: string }[] = [];
    for (let step = 0; step < 3; step++) {
      const began_s = Math.floor(Date.now() / 1000);
      await client.call("INCR", "n");
      states.push({ time_s: Math.floor(Date.now() / 1000), n: String(step + 1) });
      while (Math.floor(Date.now() / 1000) < began_s + 2) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      if (step === 1) await client.call("BGREWRITEAOF");
    }
    await archived(client);
    for (const { time_s, n } of states) {
      assertEquals(await restoredText(archive, ["GET", "n"], time_s), n);
    }
    Deno.removeSync(archive, { recursive: true });
  },
});

Deno.test({
  name: "an archive that cannot be written hurts nobody, and is caught up with when it can",
  ...sanitized,
  fn: async () => {
    const parent = Deno.makeTempDirSync({ prefix: "redeno_test_" });
    const archive = `${parent}/mount`;
    await using server = await startRedeno(options(archive));
    await using client = await connect(server.port);
    assertEquals(await text(client, "SET", "k", "1"), "OK");
    await eventually("INFO tells", async () => {
      const info = await text(client, "INFO", "persistence");
      return /aof_archive_status:err\r\n[^]*aof_archive_last_error:.*no such directory/.test(info);
    });
    await client.call("BGREWRITEAOF");
    assertEquals(await text(client, "SET", "k", "2"), "OK");
    Deno.mkdirSync(archive);
    await archived(client);
    assertEquals(await restoredText(archive, ["GET", "k"]), "2");
    const lines = server.log().split("\n").filter((line) => line.includes("cannot be archived"));
    assertEquals(lines.length, 1, lines.join("\n"));
    assert(server.log().includes("can be written again"));
    Deno.removeSync(parent, { recursive: true });
  },
});

Deno.test({
  name:
    "CONFIG SET turns archiving on, to another place, and off; the end of the server is archived",
  ...sanitized,
  fn: async () => {
    const [one, two] = [0, 1].map(() => Deno.makeTempDirSync({ prefix: "redeno_test_" }));
    {
      await using server = await startRedeno(options(""));
      await using client = await connect(server.port);
      await client.call("SET", "k", "1");
      assertEquals(await infoFigure(client, "aof_archive_enabled"), 0);
      for (const archive of [one, two]) {
        assertEquals(await text(client, "CONFIG", "SET", "aof-archive-dir", archive), "OK");
        await archived(client);
        assertEquals(await restoredText(archive, ["GET", "k"]), "1");
        await client.call("SET", "k", "1");
      }
      await text(client, "CONFIG", "SET", "aof-archive-interval", "3600");
      await client.call("SET", "k", "2");
    }
    assertEquals(await restoredText(one, ["GET", "k"]), "1");
    assertEquals(await restoredText(two, ["GET", "k"]), "2");
    for (const archive of [one, two]) Deno.removeSync(archive, { recursive: true });
  },
});

Deno.test({
  name: "an archive waits for a log that is off, and costs nobody anything",
  ...sanitized,
  fn: async () => {
    const archive = Deno.makeTempDirSync({ prefix: "redeno_test_" });
    await using server = await startRedeno([...options(archive), "--appendonly", "no"]);
    await using client = await connect(server.port);
    assertEquals(await text(client, "SET", "before", "1"), "OK");
    assertEquals(Array.from(Deno.readDirSync(archive)), []);
    await client.call("CONFIG", "SET", "appendonly", "yes");
    assertEquals(await text(client, "SET", "after", "2"), "OK");
    await archived(client);
    await client.call("CONFIG", "SET", "appendonly", "no");
    assertEquals(await text(client, "PING"), "PONG");
    assertEquals(await restoredText(archive, ["GET", "before"]), "1");
    assertEquals(await restoredText(archive, ["GET", "after"]), "2");
    Deno.removeSync(archive, { recursive: true });
  },
});

Deno.test({
  name: "a second server leaves an archive alone until the first has ended",
  ...sanitized,
  fn: async () => {
    const archive = Deno.makeTempDirSync({ prefix: "redeno_test_" });
    await using second = await startRedeno(options(""));
    await using client = await connect(second.port);
    await client.call("SET", "k", "second");
    {
      await using first = await startRedeno(options(archive));
      await using other = await connect(first.port);
      await other.call("SET", "k", "first");
      await archived(other);
      assertEquals(await text(client, "CONFIG", "SET", "aof-archive-dir", archive), "OK");
      await eventually("INFO tells", async () => {
        const info = await text(client, "INFO", "persistence");
        return /aof_archive_last_error:.*another server writes this archive/.test(info);
      });
      assertEquals(await restoredText(archive, ["GET", "k"]), "first");
    }
    await archived(client);
    assertEquals(await restoredText(archive, ["GET", "k"]), "second");
    const lines = second.log().split("\n").filter((line) => line.includes("cannot be archived"));
    assertEquals(lines.length, 1, lines.join("\n"));
    Deno.removeSync(archive, { recursive: true });
  },
});
