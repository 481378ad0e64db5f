/** Real Redis reads what we write, and we read what it writes. */

import { AofDirectory } from "../../lib/persistence/aof/directory.ts";
import { loadAof } from "../../lib/persistence/aof/loader.ts";
import { AofQueue } from "../../lib/persistence/aof/queue.ts";
import { LogReplacement } from "../../lib/persistence/aof/replacement.ts";
import { AofWriter } from "../../lib/persistence/aof/writer.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { Keyspace } from "../../lib/keyspace/keyspace.ts";
import { SeededRandom } from "../../lib/platform/random.ts";
import { systemDisk } from "../../lib/platform/disk.ts";
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { hasRedisServer, startRedis } from "../kit/oracle.ts";
import { LIMITS } from "./rdb_files/kit.ts";
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
    checksums: () => true,
    log: memoryLog().log,
  });
}

/** Loads the log in `dir` and appends `text` to it, as a server would. */
async function serve(
  dir: string,
  text: string,
): Promise<{ data: Map<string, string>; keyspace: Keyspace; path: string }> {
  const directory = openIn(dir);
  const target = new ToyTarget();
  const { log } = memoryLog();
  const keyspace = new Keyspace(16, { k0: 1, k1: 2 }, new SeededRandom(1), Date.now());
  await loadAof({
    disk: systemDisk,
    files: directory.files(),
    target,
    loadTruncated: true,
    keyspace,
    limits: LIMITS,
    clock: systemClock,
    log,
  });
  const queue = new AofQueue();
  const writer = new AofWriter({
    ...directory.openForAppend(),
    checksums: () => true,
    timestamps: () => true,
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
  return { data: target.data, keyspace, path: writer.path };
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
  const ask = async (...args: string[]) => {
    const command = new Deno.Command("redis-cli", { args: ["-p", `${redis.port}`, ...args] });
    const { stdout } = await command.output();
    return new TextDecoder().decode(stdout).trim();
  };
  const answers: string[] = [];
  for (const args of commands) {
    answers.push(await ask(...args));
    while ((await ask("INFO", "persistence")).includes("aof_rewrite_in_progress:1")) continue;
  }
  return answers;
}

/** What redis-check-aof says of the log in `dir`. */
async function checkAof(dir: string): Promise<string> {
  const { stdout } = await new Deno.Command("redis-check-aof", {
    args: [`${dir}/appendonlydir/appendonly.aof.manifest`],
  }).output();
  return new TextDecoder().decode(stdout);
}

const VALID = "All AOF files and manifest are valid";

const MULTI = resp("MULTI") + resp("SET", "t", "1") + resp("SET", "u", "2") + resp("EXEC");

Deno.test({
  name: "a log begun here is loaded by Redis, gone on with there, and loaded here again",
  ignore,
  fn: () =>
    inDirectory(async (dir) => {
      await serve(dir, resp("SELECT", "0") + resp("SET", "k", "v") + "#TS:1700000000\r\n" + MULTI);
      assertStringIncludes(await checkAof(dir), VALID);
      const keys = ["GET k", "GET u", "DBSIZE", "SET from redis"].map((text) => text.split(" "));
      assertEquals(await askRedis(dir, ...keys), ["v", "2", "3", "OK"]);
      // Redis has appended to our framed file: we load that, and go on in a new one.
      const { data, path } = await serve(dir, resp("SELECT", "0") + resp("SET", "again", "yes"));
      assertEquals(data.get("0:from"), "redis");
      assertEquals(path.split("/").at(-1), "appendonly.aof.2.incr.aof");
      assertStringIncludes(await checkAof(dir), VALID);
      assertEquals(await askRedis(dir, ["GET", "again"], ["DBSIZE"]), ["yes", "5"]);
      const last = await serve(dir, resp("SELECT", "0") + resp("SET", "again", "and again"));
      assertEquals(last.data.get("0:again"), "yes");
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
      await askRedis(dir, ["BGREWRITEAOF"], ["SET", "m", "x"]);
      const { keyspace } = await serve(dir, resp("SELECT", "0") + resp("SET", "n", "y"));
      assertEquals(keyspace.database(0).size >= 2, true, "the base is an RDB with keys");
      assertStringIncludes(await checkAof(dir), VALID);
      assertEquals(await askRedis(dir, ["DBSIZE"], ["GET", "n"]), ["4", "y"]);
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
      const replacement = new LogReplacement(directory);
      const base = resp("SELECT", "0") + resp("SET", "only", "this");
      Deno.writeTextFileSync(replacement.basePath, base);
      await replacement.install("aof");
      replacement.incr.file.close();
      directory.close();
      await serve(dir, MULTI);
      assertEquals(await askRedis(dir, ["DBSIZE"], ["GET", "only"]), ["3", "this"]);
      assertStringIncludes(await checkAof(dir), VALID);
    }),
});
