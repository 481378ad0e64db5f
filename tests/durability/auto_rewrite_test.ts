/**
 * Rewriting by itself: growth triggers it; what fails leaves a server that works, a directory
 * without heaps of files, and tries that become rare.
 */

import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "../kit/assert.ts";
import { type Server, startRedeno } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { Counters } from "./counters.ts";
import {
  ask,
  assertTidy,
  digest,
  field,
  namesIn,
  pad,
  persistence,
  QUIET,
  rewrite,
  REWRITING,
  settled,
  until,
  withDir,
} from "./kit.ts";

const LOG = ["--appendonly", "yes", ...QUIET];
const MANUAL = ["--auto-aof-rewrite-percentage", "0"];
const BASE = "appendonlydir/temp-appendonly.aof.base";

async function number(server: Server, name: string): Promise<number> {
  return Number(await field(server, name));
}

Deno.test("a log that has grown is rewritten by itself, again and again, and stays small", async () => {
  await withDir(async (dir) => {
    const options = [...LOG, "--auto-aof-rewrite-min-size", "100kb"];
    await using server = await startRedeno([...options, "--auto-aof-rewrite-percentage", "100"], {
      dir,
    });
    await using client = await connect(server.port);
    let largest = 0;
    const rewritten = async () => await number(server, "aof_rewrites") >= 3;
    await until(() => server.log(), async () => {
      await pad(client, 500, 100); // the same keys: the data does not grow
      largest = Math.max(largest, await number(server, "aof_current_size"));
      return await rewritten();
    });
    const fields = await settled(server);
    assertMatch(server.log(), /Starting automatic rewriting of AOF on \d+% growth/);
    assertEquals(fields.get("aof_last_bgrewrite_status"), "ok");
    assertGreater(largest, 100 * 1024);
    const size = await (async () => {
      await rewrite(server);
      return await number(server, "aof_current_size");
    })();
    assert(size < largest / 2, `${size} after, ${largest} before`);
    assertEquals(await number(server, "aof_base_size"), size);
    const onDisk = namesIn(`${dir}/appendonlydir`).filter((name) => !name.endsWith("manifest"))
      .reduce((sum, name) => sum + Deno.statSync(`${dir}/appendonlydir/${name}`).size, 0);
    assertEquals(size, onDisk, "aof_current_size is what the files hold");
    const before = await digest(server);
    assertTidy(dir);
    await server.kill();
    await using again = await startRedeno(LOG, { dir });
    assertEquals(await digest(again), before);
  });
});

Deno.test("a small log, or one with rewriting off, is left alone", async () => {
  const percentages = [["100", "64mb"], ["0", "1kb"]];
  for (const [percentage, least] of percentages) {
    await using server = await startRedeno([...LOG, "--auto-aof-rewrite-percentage", percentage]
      .concat("--auto-aof-rewrite-min-size", least));
    await using client = await connect(server.port);
    await pad(client, 2000);
    await client.call("DEBUG", "SLEEP", "0.3"); // the cron has had its turn
    await pad(client, 500);
    assertEquals(await field(server, "aof_rewrites"), "0");
  }
});

Deno.test("a rewrite that fails leaves a server that works, and succeeds later", async () => {
  await withDir(async (dir) => {
    await using server = await startRedeno([...LOG, ...MANUAL], { dir });
    await using client = await connect(server.port);
    await pad(client, 2000);
    const counters = new Counters("f", 2);
    counters.start(server.port);
    Deno.mkdirSync(`${dir}/${BASE}`); // in the way of the file
    for (let failure = 1; failure <= 5; failure++) {
      assertEquals(await client.callRaw("BGREWRITEAOF"), REWRITING);
      const fields = await settled(server);
      assertEquals(fields.get("aof_last_bgrewrite_status"), "err");
      assertEquals(fields.get("aof_rewrites_consecutive_failures"), String(failure));
      assertEquals(fields.get("aof_last_write_status"), "ok");
    }
    await counters.stop(); // nobody was refused anything
    assertMatch(server.log(), /AOF rewrite failed: .*temp-appendonly.aof.base: Is a directory/);
    assertMatch(
      server.log(),
      /has repeatedly failed and triggered the limit, will retry in 4 min/,
    );
    const names = namesIn(`${dir}/appendonlydir`);
    assert(names.length <= 8, `files pile up: ${names.join(" ")}`);
    const before = await digest(server);
    await server.kill();

    await using again = await startRedeno([...LOG, ...MANUAL], { dir });
    assertEquals(await digest(again), before);
    await counters.checkExactly(again.port);
    await rewrite(again);
    assertEquals(await field(again, "aof_rewrites_consecutive_failures"), "0");
    assertTidy(dir);
    assertEquals(await digest(again), before);
    await again.stop();
  });
});

Deno.test("after three failures rewriting by itself waits, BGREWRITEAOF does not", async () => {
  await withDir(async (dir) => {
    const options = [...LOG, "--auto-aof-rewrite-percentage", "100"];
    await using server = await startRedeno([...options, "--auto-aof-rewrite-min-size", "10kb"], {
      dir,
    });
    Deno.mkdirSync(`${dir}/${BASE}`);
    await using client = await connect(server.port);
    await pad(client, 1000);
    const log = () => server.log();
    await until(log, async () => await number(server, "aof_rewrites_consecutive_failures") === 3);
    assertStringIncludes(server.log(), "will retry in 1 minutes");
    await pad(client, 1000);
    await client.call("DEBUG", "SLEEP", "0.5");
    await pad(client, 1000);
    assertEquals(await field(server, "aof_rewrites"), "3", "it tries again and again");
    assertEquals(await ask(server, "BGREWRITEAOF"), REWRITING);
    assertEquals((await settled(server)).get("aof_rewrites_consecutive_failures"), "4");
    Deno.removeSync(`${dir}/${BASE}`);
    await rewrite(server);
    const small = await number(server, "aof_current_size");
    assert(small < 200_000, `${small}`);
    // And by itself again.
    await pad(client, 3000);
    await until(log, async () => await number(server, "aof_rewrites") > 5);
    assertEquals((await settled(server)).get("aof_last_bgrewrite_status"), "ok");
    await server.stop();
    assertTidy(dir);
  });
});

/** A file system with little room, if one can be mounted here; a line says where it cannot. */
async function withSmallDisk(size: string, action: (dir: string) => Promise<void>): Promise<void> {
  await withDir(async (dir) => {
    const args = ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", dir];
    const mounted = await new Deno.Command("mount", { args, stderr: "null" }).output()
      .catch(() => ({ success: false }));
    if (!mounted.success) return console.log("no file system can be mounted here: skipped");
    try {
      await action(dir);
    } finally {
      await new Deno.Command("umount", { args: ["-l", dir] }).output();
    }
  });
}

Deno.test("a disk too small for a second base: the rewrite fails, and nothing else", async () => {
  await withSmallDisk("1m", async (dir) => {
    await using server = await startRedeno([...LOG, ...MANUAL], { dir });
    await using client = await connect(server.port);
    await client.call("CONFIG", "SET", "rdbcompression", "no");
    await pad(client, 900, 600); // more than half of the room
    for (let i = 1; i <= 3; i++) {
      assertEquals(await client.callRaw("BGREWRITEAOF"), REWRITING);
      const fields = await settled(server);
      assertEquals(fields.get("aof_last_bgrewrite_status"), "err");
      assertEquals(await client.callRaw("INCR", "n"), `:${i}\r\n`);
    }
    assertMatch(server.log(), /rewrite failed: .*No space left on device/);
    assert(!namesIn(`${dir}/appendonlydir`).some((name) => name.startsWith("temp-")));
    const fields = await persistence(server);
    assertEquals(fields.get("aof_last_write_status"), "ok");
    const before = await digest(server);
    await server.kill();
    await using again = await startRedeno([...LOG, ...MANUAL, "--rdbcompression", "yes"], { dir });
    assertEquals(await digest(again), before);
    await rewrite(again); // compressed, it fits
    assertEquals(await digest(again), before);
    assertTidy(dir);
    await again.stop();
  });
});

Deno.test("a disk too small for the log refuses writes, and a restart finds what was acknowledged", async () => {
  await withSmallDisk("600k", async (dir) => {
    await using server = await startRedeno([...LOG, ...MANUAL], { dir });
    await using client = await connect(server.port, { timeout_ms: 5000 });
    await client.call("SET", "k", "0");
    let refused = "";
    await using writer = await connect(server.port, { timeout_ms: 60_000 });
    let acknowledged = -1;
    // The write that finds no room is not answered until there is some: nobody waits for it here.
    const filling = (async () => {
      for (let i = 0; i < 2000; i++) {
        const reply = await writer.callRaw("SET", "k", `${i}`.padEnd(1000, "x"));
        if (reply === "+OK\r\n") acknowledged = i;
      }
    })().catch(() => {});
    await until(() => server.log(), async () => {
      refused = await client.callRaw("SET", "other", "1");
      return refused.startsWith("-");
    });
    assertMatch(refused, /^-MISCONF Errors writing to the AOF file: No space left on device/);
    assertEquals(await field(server, "aof_last_write_status"), "err");
    assertEquals((await server.kill()).success, false);
    await filling;
    await using again = await startRedeno([...LOG, ...MANUAL], { dir });
    const [, found] = /^\$1000\r\n(\d+)x+\r\n$/.exec(await ask(again, "GET", "k")) ?? [];
    assert(Number(found) >= acknowledged, `${acknowledged} acknowledged, ${found} found`);
    assert(acknowledged > 0);
    await again.kill();
  });
});
