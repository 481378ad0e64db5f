/**
 * Regressions: snapshots that a command spoilt, a failed end that was the end of all saving, data
 * lost between CONFIG SET and DEBUG RELOAD, and large values that took as much memory again.
 */

import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { startRedeno } from "../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../kit/resp_client.ts";
import { makeRoom, put } from "../keyspace/room.ts";
import { MemoryDisk } from "../persistence/memory_disk.ts";
import type { SnapshotEncoder } from "../../lib/persistence/snapshot_encoder.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { Args } from "../../lib/resp/args.ts";
import { SnapshotWriter } from "../../lib/server/snapshot_writer.ts";
import { digest, field, pad, QUIET, SAVING, settled, until } from "./kit.ts";

/** A snapshot of {@linkcode PADDING} keys takes a second or more. */
const SLOW = [...QUIET, "--snapshot-cpu-percent", "1"];
const PADDING = 8000;
const OK = "+OK\r\n";

/** Commands that write what their key specs do not name, or are not flagged as writing. */
const SLY: readonly Command[] = [
  ["PFCOUNT", "count"],
  ["GEORADIUS", "geo", "1", "1", "10", "km", "STORE", "first", "STORE", "second"],
  ["GEORADIUSBYMEMBER", "geo", "m", "10", "km", "STOREDIST", "first", "STOREDIST", "third"],
  ["SORT", "list", "STORE", "first", "STORE", "fourth"],
  ["XREADGROUP", "COUNT", "1", "GROUP", "STREAMS", "c", "STREAMS", "stream", ">"],
  ["COPY", "first", "elsewhere", "DB", "1", "REPLACE"],
];

async function fill(client: RespClient): Promise<void> {
  await pad(client, PADDING);
  const commands: Command[] = [
    ["PFADD", "count", "a", "b", "c"],
    ["GEOADD", "geo", "1", "1", "m"],
    ["MSET", "first", "1", "second", "2", "third", "3", "fourth", "4"],
    ["RPUSH", "list", "3", "1", "2"],
    ["XADD", "stream", "1-1", "field", "value"],
    ["XGROUP", "CREATE", "stream", "STREAMS", "0"],
    ["SELECT", "1"],
    ["HSET", "elsewhere", "a", "b"],
    ["SELECT", "0"],
  ];
  for (const reply of await client.pipelineRaw(commands)) assert(!reply.startsWith("-"), reply);
}

Deno.test("what a command writes beyond its key specs is in a snapshot as it was", async () => {
  await using server = await startRedeno(SLOW);
  await using client = await connect(server.port);
  await fill(client);
  const [before, saving, ...replies] = await client.pipelineRaw([
    ["DEBUG", "DIGEST"],
    ["BGSAVE"],
    ...SLY,
  ]);
  assertEquals(saving, SAVING);
  for (const reply of replies) assert(!reply.startsWith("-"), reply);
  assertEquals(await field(server, "rdb_bgsave_in_progress"), "1", "the snapshot was too fast");
  assertEquals((await settled(server)).get("rdb_last_bgsave_status"), "ok", server.log());

  await using copy = await startRedeno(QUIET, { dir: server.dir });
  assertEquals(`+${await digest(copy)}\r\n`, before);
  await using reader = await connect(copy.port);
  assertMatch(await reader.callRaw("XPENDING", "stream", "STREAMS"), /^\*4\r\n:0\r\n/);
});

Deno.test("a SHUTDOWN that could not save leaves a server that saves", async () => {
  await using server = await startRedeno([...SLOW, "--enable-protected-configs", "yes"]);
  await using client = await connect(server.port);
  await pad(client, PADDING);
  Deno.mkdirSync(`${server.dir}/occupied/by`, { recursive: true });
  assertEquals(await client.callRaw("BGSAVE"), SAVING);
  assertEquals(await client.callRaw("CONFIG", "SET", "dbfilename", "occupied"), OK);
  assertMatch(await client.callRaw("SHUTDOWN", "SAVE"), /^-ERR Errors trying to SHUTDOWN/);
  assertEquals(await client.callRaw("CONFIG", "SET", "dbfilename", "dump.rdb"), OK);
  await settled(server);
  assertEquals(await client.callRaw("BGSAVE"), SAVING);
  assertEquals((await settled(server)).get("rdb_last_bgsave_status"), "ok", server.log());
});

Deno.test("DEBUG RELOAD right behind CONFIG SET appendonly no loses nothing", async () => {
  await using server = await startRedeno([...QUIET, "--appendonly", "yes"]);
  await using client = await connect(server.port);
  const replies = await client.pipelineRaw([
    ["SET", "logged", "1"],
    ["CONFIG", "SET", "appendonly", "no"],
    ["SET", "unlogged", "1"],
    ["DEBUG", "RELOAD"],
    ["EXISTS", "logged", "unlogged"],
  ]);
  assertEquals(replies, [OK, OK, OK, OK, ":2\r\n"]);
  assertEquals(await field(server, "aof_enabled"), "0");
});

Deno.test("DEBUG RELOAD does not take another 'dir' for the log's", async () => {
  const protectedToo = ["--enable-protected-configs", "yes"];
  await using server = await startRedeno([...QUIET, "--appendonly", "yes", ...protectedToo]);
  await using client = await connect(server.port);
  Deno.mkdirSync(`${server.dir}/other`);
  assertEquals(await client.callRaw("SET", "key", "1"), OK);
  assertEquals(await client.callRaw("CONFIG", "SET", "dir", `${server.dir}/other`), OK);
  assertMatch(await client.callRaw("DEBUG", "RELOAD"), /^-ERR the log is not in 'dir'/);
  assertEquals(await client.callRaw("EXISTS", "key"), ":1\r\n");
  assertEquals(await client.callRaw("CONFIG", "SET", "dir", server.dir), OK);
  assertEquals(await client.callRaw("DEBUG", "RELOAD"), OK);
  assertEquals(await client.callRaw("EXISTS", "key"), ":1\r\n");
});

Deno.test("of CONFIG SET appendonly yes, no, yes the last one counts", async () => {
  await using server = await startRedeno(SLOW);
  await using client = await connect(server.port);
  await using first = await connect(server.port);
  await using second = await connect(server.port);
  await pad(client, PADDING);
  await first.send("CONFIG", "SET", "appendonly", "yes");
  await until(
    () => server.log(),
    async () => await field(server, "current_save_keys_total") !== "0",
  );
  assertEquals(await second.callRaw("CONFIG", "SET", "appendonly", "no"), OK);
  assertEquals(await client.callRaw("CONFIG", "SET", "appendonly", "yes"), OK);
  assertMatch(await first.readRaw(), /^-ERR CONFIG SET failed/);
  assertEquals(
    await client.callRaw("CONFIG", "GET", "appendonly"),
    "*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n",
  );
  assertEquals(await field(server, "aof_enabled"), "1");
  await client.call("SET", "last", "1");
  const before = await digest(server);
  assertEquals(await client.callRaw("DEBUG", "LOADAOF"), OK);
  assertEquals(await digest(server), before);
});

Deno.test("a backup waits for the snapshot under way", async () => {
  await using server = await startRedeno(SLOW);
  await using client = await connect(server.port);
  await pad(client, PADDING / 4);
  assertEquals(await client.callRaw("BGSAVE"), SAVING);
  assertEquals(await client.callRaw("BACKUP", "START", "copy"), "+Background backup started\r\n");
  assertEquals(await field(server, "rdb_bgsave_in_progress"), "1", "the snapshot was too fast");
  await until(
    () => server.log(),
    async () => !(await client.callRaw("BACKUP", "STATUS")).includes("running"),
  );
  assertMatch(await client.callRaw("BACKUP", "STATUS"), /state\r\n\$4\r\ndone/, server.log());
  assert(Deno.statSync(`${server.dir}/copy/dump.rdb`).isFile);
});

Deno.test("a backup's path cannot be disguised as one outside of the log", async () => {
  await using server = await startRedeno([...QUIET, "--appendonly", "yes"]);
  await using client = await connect(server.port);
  const log = "appendonlydir/copy";
  for (
    const path of [
      log,
      `./${log}`,
      `.//./${log}`,
      `${server.dir}/./${log}`,
      `${server.dir}//${log}`,
    ]
  ) {
    assertMatch(await client.callRaw("BACKUP", "START", path), /^-ERR the log's own/, path);
  }
});

/** Encodes each value as {@linkcode PIECES} pieces, and notes how many wait. */
class Pieces implements SnapshotEncoder {
  pending_bytes = 0;
  most_bytes = 0;
  whole = 0;

  begin(): void {}
  record(): void {
    this.whole++;
  }
  *pieces(): Generator<void, void, void> {
    for (let i = 0; i < PIECES; i++) {
      this.pending_bytes += PIECE.length;
      this.most_bytes = Math.max(this.most_bytes, this.pending_bytes);
      yield;
    }
  }
  end(): void {}
  take(): Uint8Array {
    this.pending_bytes -= PIECE.length;
    return PIECE;
  }
}

const PIECE = new Uint8Array(64 * 1024);
const PIECES = 50;

Deno.test("large values that change during a snapshot need the memory of a piece", async () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  for (const key of ["a", "b", "c"]) put(db, key, key.repeat(100_000));
  const encoder = new Pieces();
  const disk = new MemoryDisk();
  const writer = new SnapshotWriter({
    keyspace,
    clock: systemClock,
    disk,
    encoder: () => encoder,
    path: "/dump",
    cpuPercent: () => 100,
    activity: () => 0,
    incrementalSync: false,
    log() {},
  });
  writer.begin();
  for (const key of ["a", "b", "c"]) db.preserveKey(Args.of(key), 0);
  await writer.finish();
  assertEquals(encoder.whole, 0);
  assertEquals(writer.records, 3);
  assertEquals(writer.size_bytes, 3 * PIECES * PIECE.length);
  assert(encoder.most_bytes <= 2 * PIECE.length, `${encoder.most_bytes} bytes waited`);
});

Deno.test("a snapshot whose disk is full within a large value ends, and the next one begins", async () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  for (const key of ["a", "b"]) put(db, key, key.repeat(100_000));
  const disk = new MemoryDisk();
  const begin = () => {
    const writer = new SnapshotWriter({
      keyspace,
      clock: systemClock,
      disk,
      encoder: () => new Pieces(),
      path: "/dump",
      cpuPercent: () => 100,
      activity: () => 0,
      incrementalSync: false,
      log() {},
    });
    writer.begin();
    return writer;
  };
  const writer = begin();
  disk.fault = ({ operation }) => operation === "write" ? { code: "ENOSPC" } : undefined;
  db.preserveKey(Args.of("a"), 0);
  const error = await writer.finish().then(() => undefined, (reason: Error) => reason);
  assertMatch(`${error}`, /No space left on device/);
  disk.fault = () => undefined;
  const next = begin();
  await next.finish();
  assertEquals(next.records, 2);
});
