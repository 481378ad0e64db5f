/** The archive of a log: what is copied, what it restores to, how long it is kept. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../kit/assert.ts";
import { DiskError } from "../../../lib/platform/disk.ts";
import { readNames } from "../../../lib/persistence/archive/names.ts";
import { StorageError } from "../../../lib/persistence/errors.ts";
import {
  ARCHIVE,
  archiveAll,
  archiveOf,
  DIRECTORY,
  newDisk,
  QuickClock,
  restored,
  ToyLog,
} from "./toy_log.ts";

function toyLog(): ToyLog {
  return new ToyLog(newDisk(), new QuickClock());
}

function objects(disk: ReturnType<typeof newDisk>): string[] {
  return disk.readDirectory(ARCHIVE);
}

Deno.test("each round copies what was added to the tail, in few objects", async () => {
  const log = toyLog();
  const disk = newDisk();
  const { writer } = archiveOf(log, disk);
  await writer.open();
  for (let i = 0; i < 80; i++) {
    log.write(i * 7);
    assert(writer.lag_bytes() > 0);
    await writer.copyLog();
    assertEquals(writer.lag_bytes(), 0);
    assertEquals((await restored(disk)).last, log.last);
  }
  const chunks = objects(disk).filter((name) => /\.i1\./.test(name));
  assert(chunks.length < 12, `${chunks.length} chunks`);
  writer.close();
});

Deno.test("nothing is archived that the log could lose: it is forced first", async () => {
  const log = toyLog();
  const disk = newDisk();
  const { writer } = archiveOf(log, disk);
  const path = `${DIRECTORY}/appendonly.aof.1.incr.aof`;
  await writer.open();
  log.write();
  await writer.copyLog();
  assertEquals(log.disk.syncedContent(path), log.disk.content(path));
  assertEquals((await restored(disk)).last, 1);
  log.write();
  log.disk.fault = ({ operation }) => operation === "sync" ? { code: "EIO" } : undefined;
  await assertRejects(() => writer.copyLog(), DiskError, "Input/output error");
  assertEquals((await restored(disk)).last, 1);
  writer.close();
});

Deno.test("a long file is copied in chunks of up to 1 MiB", async () => {
  const log = toyLog();
  const disk = newDisk();
  for (let i = 0; i < 5; i++) log.write(700_000);
  log.sync();
  await archiveAll(archiveOf(log, disk).writer);
  assertEquals((await restored(disk)).last, 5);
  const lengths = [...readNames(objects(disk)).get(1)!.chunks.get("i1")!].map((c) => c.length);
  assert(Math.max(...lengths) <= 1 << 20 && lengths.length === 4, `${lengths}`);
});

Deno.test("a rewrite that removes files takes nothing from the archive", async () => {
  const log = toyLog();
  const disk = newDisk();
  const { writer } = archiveOf(log, disk);
  await writer.open();
  for (let round = 0; round < 4; round++) {
    log.write();
    log.sync();
    await writer.copyLog();
    log.write();
    log.rotate();
    log.write();
    log.sync();
    writer.noteFiles();
    log.installBase(1_200_000);
    await writer.copyLog();
    assertEquals((await restored(disk)).last, log.last, "by the old base");
    assertEquals(await writer.copyBase(), true);
    assertEquals((await restored(disk)).last, log.last, "while the new base is copied");
    while (await writer.copyBase()) continue;
    const result = await restored(disk);
    assertEquals(result.last, log.last, "by the new base");
    assertEquals(result.files.length, 2);
  }
  writer.close();
});

Deno.test("every second since the archive began can be restored", async () => {
  const log = toyLog();
  const disk = newDisk();
  const { writer } = archiveOf(log, disk);
  await writer.open();
  for (let second = 0; second < 30; second++) {
    for (let i = 0; i < 1 + second % 3; i++) log.write();
    log.sync();
    if (second % 4 === 2) await writer.copyLog();
    if (second % 7 === 3) {
      writer.noteFiles();
      log.rotate();
    }
    if (second % 7 === 5) {
      writer.noteFiles();
      log.installBase();
      while (await writer.copyBase()) continue;
    }
    log.clock.now_s++;
  }
  log.sync();
  await writer.copyLog();
  writer.close();
  for (const [time_s, last] of log.lastAt) {
    assertEquals((await restored(disk, time_s)).last, last, `at ${time_s}`);
  }
  assertEquals((await restored(disk, log.clock.now_s + 99)).last, log.last);
  const first_s = Math.min(...log.lastAt.keys());
  await assertRejects(() => restored(disk, first_s - 1), StorageError, "begins later");
});

Deno.test("a moment before the oldest base is refused, with what can be restored", async () => {
  const log = toyLog();
  const disk = newDisk();
  log.write();
  log.rotate();
  log.installBase();
  const began_s = log.clock.now_s;
  await archiveAll(archiveOf(log, disk).writer);
  assertEquals((await restored(disk, began_s)).last, 1);
  const error = await assertRejects(() => restored(disk, began_s - 1), StorageError);
  assertStringIncludes(error.message, `(${began_s}) on`);
  assertStringIncludes(error.message, ARCHIVE);
});

Deno.test("another process goes on with the archive of the one before", async () => {
  const log = toyLog();
  const disk = newDisk();
  for (let i = 0; i < 10; i++) {
    log.write(i);
    if (i === 4) log.rotate();
    log.sync();
    log.run++;
    const { writer, lines } = archiveOf(log, disk);
    await archiveAll(writer);
    assertEquals(lines, []);
  }
  assertEquals([...readNames(objects(disk)).keys()], [1]);
  assertEquals((await restored(disk)).last, 10);
});

Deno.test("a log that was begun anew or cut is another history", async () => {
  const disk = newDisk();
  const first = toyLog();
  for (let i = 0; i < 5; i++) first.write();
  first.sync();
  await archiveAll(archiveOf(first, disk).writer);

  const second = toyLog();
  second.clock.now_s += 100;
  second.write(5);
  second.sync();
  const { writer, lines } = archiveOf(second, disk);
  await archiveAll(writer);
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0], "does not continue history 1");
  const newest = await restored(disk);
  assertEquals([newest.history, newest.last], [2, 1]);
  const older = await restored(disk, first.clock.now_s);
  assertEquals([older.history, older.last], [1, 5]);

  second.write();
  await archiveAll(archiveOf(second, disk).writer);
  second.cutLast();
  const { writer: third, lines: why } = archiveOf(second, disk);
  await archiveAll(third);
  assertStringIncludes(why.join(), "is not the one that was archived");
  assertEquals((await restored(disk)).history, 3);
});

Deno.test("logging that was off in between leaves a gap until the next base", async () => {
  const log = toyLog();
  const disk = newDisk();
  const { writer, lines } = archiveOf(log, disk);
  await writer.open();
  log.write();
  log.sync();
  await writer.copyLog();
  log.isOn = false;
  assertEquals(await writer.copyLog(), false);
  log.last += 5; // changes that no file has
  log.run++;
  log.isOn = true;
  log.rotate();
  log.installBase(1_200_000);
  log.write();
  log.sync();
  await writer.open();
  await writer.copyLog();
  assertStringIncludes(lines.join(), "has a gap");
  assertEquals((await restored(disk)).last, 1, "what was before is not mixed with what is behind");
  while (await writer.copyBase()) continue;
  assertEquals((await restored(disk)).last, 7);
  writer.close();
});

Deno.test("a file that is gone is held for ten minutes at most", async () => {
  const log = toyLog();
  const disk = newDisk();
  const { writer } = archiveOf(log, disk);
  await writer.open();
  log.write();
  log.sync();
  await writer.copyLog();
  log.write();
  log.rotate();
  log.installBase();
  writer.noteFiles();
  log.clock.now_s += 601;
  writer.noteFiles();
  log.write();
  log.sync();
  await writer.copyLog();
  assertEquals((await restored(disk)).last, 1);
  while (await writer.copyBase()) continue;
  assertEquals((await restored(disk)).last, 3);
  writer.close();
});

Deno.test("retention keeps what any moment within it needs, and no more", async () => {
  const log = toyLog();
  const disk = newDisk();
  const { writer } = archiveOf(log, disk, 100);
  await writer.open();
  for (let i = 0; i < 30; i++) {
    log.clock.now_s += 10;
    log.write();
    log.sync();
    await writer.copyLog();
    if (i % 3 !== 2) continue;
    log.rotate();
    writer.noteFiles();
    log.installBase();
    await writer.copyLog();
    while (await writer.copyBase()) continue;
  }
  await writer.copyLog();
  writer.close();
  for (const [time_s, last] of log.lastAt) {
    if (time_s < log.clock.now_s - 100) continue;
    assertEquals((await restored(disk, time_s)).last, last, `at ${time_s}`);
  }
  const { chunks, catalogs } = readNames(objects(disk)).get(1)!;
  assertEquals(catalogs.size, 1);
  const bases = [...chunks.keys()].filter((key) => key.startsWith("b"));
  assertEquals(bases, ["b10", "b6", "b7", "b8", "b9"]);
  await assertRejects(() => restored(disk, log.clock.now_s - 200), StorageError, "restored from");
});

Deno.test("a history that is replaced is kept as long as the retention says", async () => {
  const disk = newDisk();
  const clock = new QuickClock();
  const first = new ToyLog(newDisk(), clock);
  first.write();
  first.sync();
  await archiveAll(archiveOf(first, disk, 100).writer);
  const second = new ToyLog(newDisk(), clock);
  second.write(9);
  second.sync();
  const { writer } = archiveOf(second, disk, 100);
  await writer.open();
  await writer.copyLog();
  clock.now_s += 99;
  await writer.copyLog();
  assertEquals([...readNames(objects(disk)).keys()].sort(), [1, 2]);
  clock.now_s += 2;
  await writer.copyLog();
  assertEquals([...readNames(objects(disk)).keys()], [2]);
  writer.close();
});

Deno.test("the archive's directory is never made: another disk may be missing there", async () => {
  const log = toyLog();
  const disk = newDisk();
  const { writer } = archiveOf(log, disk);
  disk.stat = () => undefined;
  const error = await assertRejects(() => writer.open(), StorageError);
  assertStringIncludes(error.message, "there is no such directory");
  writer.close();
});

Deno.test("commands without times can be restored as a whole only", async () => {
  const log = toyLog();
  const disk = newDisk();
  log.write();
  log.sync();
  log.addForeign("*1\r\n$4\r\nPING\r\n");
  await archiveAll(archiveOf(log, disk).writer);
  await assertRejects(() => restored(disk, log.clock.now_s), StorageError, "nothing tells when");
  assertEquals((await restored(disk)).size_bytes, log.facts()!.written_bytes);
});
