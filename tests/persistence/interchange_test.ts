/** Real Redis reads what we write, and we read what it writes. */

import { AofDirectory } from "../../lib/persistence/aof/directory.ts";
import { loadAof } from "../../lib/persistence/aof/loader.ts";
import { AofQueue } from "../../lib/persistence/aof/queue.ts";
import { AofRewrite } from "../../lib/persistence/aof/rewrite.ts";
import { AofWriter } from "../../lib/persistence/aof/writer.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { systemDisk } from "../../lib/platform/disk.ts";
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { hasRedisServer, startRedis } from "../kit/oracle.ts";
import { latin1Bytes } from "./memory_disk.ts";
import { memoryLog, resp, ToyTarget } from "./kit.ts";

const ignore = !hasRedisServer();

function openIn(dir: string): AofDirectory {
  return AofDirectory.open({
    disk: systemDisk,
    dir,
    appendDirName: "appendonlydir",
    appendFileName: "appendonly.aof",
    owner: `pid ${Deno.pid}`,
    log: memoryLog().log,
  });
}

/** Loads the log in `dir` and appends `text` to it, as a server would. */
async function serve(
  dir: string,
  text: string,
): Promise<{ data: Map<string, string>; lines: string[] }> {
  const directory = openIn(dir);
  const target = new ToyTarget();
  const { log, lines } = memoryLog();
  const files = directory.files();
  const options = { disk: systemDisk, files, target, loadTruncated: true, clock: systemClock, log };
  await loadAof(options);
  const queue = new AofQueue();
  const writer = new AofWriter({
    ...directory.openForAppend(),
    queue,
    policy: "everysec",
    clock: systemClock,
    log,
    onSafe: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  queue.append(latin1Bytes(text), 0, text.length, 1);
  await writer.flushAndSync();
  await writer.close();
  directory.close();
  return { data: target.data, lines };
}

async function inDirectory(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Starts real Redis on `dir`, runs commands with redis-cli, returns their output, stops it. */
async function askRedis(dir: string, ...commands: string[][]): Promise<string[]> {
  await using redis = await startRedis(["--appendonly", "yes"], { dir });
  const answers: string[] = [];
  for (const args of commands) {
    const command = new Deno.Command("redis-cli", { args: ["-p", `${redis.port}`, ...args] });
    const { stdout } = await command.output();
    answers.push(new TextDecoder().decode(stdout).trim());
  }
  return answers;
}

const MULTI = resp("MULTI") + resp("SET", "t", "1") + resp("SET", "u", "2") + resp("EXEC");

Deno.test({
  name: "a log begun here is loaded by Redis, gone on with there, and loaded here again",
  ignore,
  fn: () =>
    inDirectory(async (dir) => {
      await serve(dir, resp("SELECT", "0") + resp("SET", "k", "v") + "#TS:1700000000\r\n" + MULTI);
      const keys = ["GET k", "GET u", "DBSIZE", "SET from redis"].map((text) => text.split(" "));
      assertEquals(await askRedis(dir, ...keys), ["v", "2", "3", "OK"]);
      const { data } = await serve(dir, resp("SELECT", "0") + resp("SET", "again", "yes"));
      assertEquals(data.get("0:from"), "redis");
      assertEquals(await askRedis(dir, ["GET", "again"], ["DBSIZE"]), ["yes", "5"]);
    }),
});

Deno.test({
  name: "a log begun by Redis, with its empty RDB base, is loaded and gone on with here",
  ignore,
  fn: () =>
    inDirectory(async (dir) => {
      await askRedis(dir, ["SET", "k", "v"]);
      const { data } = await serve(dir, resp("SELECT", "0") + resp("SET", "l", "w"));
      assertEquals(data.get("0:k"), "v");
      assertEquals(await askRedis(dir, ["GET", "k"], ["GET", "l"]), ["v", "w"]);
    }),
});

Deno.test({
  name: "a rewritten log and an upgraded single file are loaded by Redis",
  ignore,
  fn: () =>
    inDirectory(async (dir) => {
      Deno.writeTextFileSync(
        `${dir}/appendonly.aof`,
        resp("SELECT", "0") + resp("SET", "old", "1"),
      );
      const { data } = await serve(dir, resp("SELECT", "0") + resp("SET", "new", "2"));
      assertEquals(data.get("0:old"), "1");
      assertEquals(await askRedis(dir, ["DBSIZE"], ["GET", "old"], ["GET", "new"]), [
        "2",
        "1",
        "2",
      ]);

      const directory = openIn(dir);
      const rewrite = new AofRewrite(directory);
      rewrite.write(latin1Bytes(resp("SELECT", "0") + resp("SET", "only", "this")));
      rewrite.install();
      rewrite.incr.close();
      directory.close();
      assertEquals(await askRedis(dir, ["DBSIZE"], ["GET", "only"]), ["1", "this"]);
      const { stdout } = await new Deno.Command("redis-check-aof", {
        args: [`${dir}/appendonlydir/appendonly.aof.manifest`],
      }).output();
      assertStringIncludes(
        new TextDecoder().decode(stdout),
        "All AOF files and manifest are valid",
      );
    }),
});
