/** Who may write an archive, and what its catalog tells of what is missing. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../kit/assert.ts";
import { backgroundDisk } from "../../../lib/platform/background_disk.ts";
import { StorageError } from "../../../lib/persistence/errors.ts";
import { ArchiveWriter } from "../../../lib/persistence/archive/archive_writer.ts";
import { parseCatalog } from "../../../lib/persistence/archive/catalog.ts";
import { DirectorySink } from "../../../lib/persistence/archive/directory_sink.ts";
import type { MemoryDisk } from "../memory_disk.ts";
import {
  ARCHIVE,
  archiveAll,
  archiveOf,
  DIRECTORY,
  newDisk,
  restored,
  toyLogOf,
} from "./toy_log.ts";

function newestCatalog(disk: MemoryDisk) {
  const name = disk.readDirectory(ARCHIVE).filter((each) => /^h\d+\.c/.test(each)).at(-1)!;
  return parseCatalog(new TextEncoder().encode(disk.content(`${ARCHIVE}/${name}`)!), name);
}

const inUse = (action: () => Promise<unknown>) => assertRejects(action, StorageError, "server");

Deno.test("of two servers one writes an archive, and the other says why it does not", async () => {
  const disk = newDisk();
  const one = toyLogOf();
  const two = toyLogOf(one.clock, 5);
  const { writer } = archiveOf(one, disk, 0, "one");
  const { writer: other } = archiveOf(two, disk, 0, "two");
  await writer.open();
  for (let i = 0; i < 10; i++) {
    one.clock.now_s += 25; // a long interval: it only says that it is still there
    await writer.renew();
    const error = await inUse(() => other.open());
    assertStringIncludes(error.message, `run id one, its log is in ${DIRECTORY}`);
    assertStringIncludes(error.message, "an aof-archive-dir of its own");
  }
  await writer.copyLog();
  assertEquals((await restored(disk)).last, 3);
  writer.close();
  other.close();
});

Deno.test("an archive that is given back is free at once, one whose server is gone a minute later", async () => {
  const disk = newDisk();
  const one = toyLogOf();
  const { writer } = archiveOf(one, disk, 0, "one");
  await writer.open();
  await writer.copyLog();
  await writer.release();
  writer.close();
  assertEquals(newestCatalog(disk).owner, undefined);

  const two = toyLogOf(one.clock, 5);
  const { writer: second } = archiveOf(two, disk, 0, "two");
  await archiveAll(second);
  assertEquals((await restored(disk)).last, 5);

  const three = toyLogOf(one.clock, 7);
  const { writer: third } = archiveOf(three, disk, 0, "three");
  one.clock.now_s += 59;
  await inUse(() => third.open());
  one.clock.now_s += 1;
  await archiveAll(third);
  const { history, last } = await restored(disk);
  assertEquals([history, last], [3, 7]);
});

Deno.test("the same log in the same place goes on at once, a clone elsewhere does not", async () => {
  const disk = newDisk();
  const log = toyLogOf();
  await archiveAll(archiveOf(log, disk, 0, "before the crash").writer);

  const clone = new ArchiveWriter({
    sink: new DirectorySink(backgroundDisk(disk), ARCHIVE),
    disk: backgroundDisk(log.disk),
    source: { facts: () => ({ ...log.facts()!, directory: "/clone" }) },
    clock: log.clock,
    log: () => {},
    owner: "clone",
    retention_s: () => 0,
  });
  log.disk.makeDirectory("/clone");
  const name = "appendonly.aof.1.incr.aof";
  log.disk.put(`/clone/${name}`, log.disk.content(`${DIRECTORY}/${name}`)!);
  await inUse(() => clone.open());
  clone.close();

  log.write();
  log.sync();
  await archiveAll(archiveOf(log, disk, 0, "after the crash").writer);
  const { history, last } = await restored(disk);
  assertEquals([history, last], [1, 4]);
});

Deno.test("who stood still while another server took over notices it, and changes nothing", async () => {
  const disk = newDisk();
  const one = toyLogOf();
  const { writer } = archiveOf(one, disk, 0, "one");
  await writer.open();
  await writer.copyLog();
  one.clock.now_s += 60;
  const two = toyLogOf(one.clock, 5);
  const { writer: other } = archiveOf(two, disk, 0, "two");
  await other.open();
  await other.copyLog();
  const before = disk.readDirectory(ARCHIVE);
  const error = await inUse(() => writer.renew());
  assertStringIncludes(error.message, "another server has begun to write this archive");
  await writer.release();
  assertEquals(disk.readDirectory(ARCHIVE), before);
  await inUse(() => writer.open());
  two.write();
  two.sync();
  await other.copyLog();
  assertEquals((await restored(disk)).last, 6);
  writer.close();
  other.close();
});

Deno.test("of servers that begin at the same moment at most one goes on", async () => {
  for (let lead = 0; lead < 60; lead++) {
    const disk = newDisk();
    const one = toyLogOf();
    const two = toyLogOf(one.clock, 5);
    const writers = [archiveOf(one, disk, 0, "one"), archiveOf(two, disk, 0, "two")];
    const opened = await Promise.allSettled(writers.map(async ({ writer }, i) => {
      for (let turn = 0; turn < i * lead; turn++) await Promise.resolve();
      await writer.open();
    }));
    const winners = opened.filter(({ status }) => status === "fulfilled").length;
    assert(winners <= 1, `${winners} at a distance of ${lead}`);
    const catalogs = disk.readDirectory(ARCHIVE).filter((name) => /^h\d+\.c/.test(name));
    assertEquals(catalogs.length, winners, `${catalogs}`);
    for (const { writer } of writers) writer.close();
  }
});

Deno.test("the loss of the last object of the open file is told", async () => {
  const disk = newDisk();
  const log = toyLogOf();
  const { writer } = archiveOf(log, disk);
  await writer.open();
  await writer.copyLog();
  const kept = disk.readDirectory(ARCHIVE);
  const before_s = log.clock.now_s;
  log.clock.now_s += 10;
  log.write(); // shorter than what is archived: an object of its own
  log.sync();
  await writer.copyLog();
  await writer.release();
  writer.close();
  assertEquals((await restored(disk)).last, 4);

  const last = disk.readDirectory(ARCHIVE).find((name) =>
    /\.i1\./.test(name) && !kept.includes(name)
  )!;
  disk.remove(`${ARCHIVE}/${last}`);
  const error = await assertRejects(() => restored(disk), StorageError);
  assertStringIncludes(error.message, "the object that begins here is missing");
  assertStringIncludes(error.message, "a moment before 2023-11-14T22:13:20Z");
  await assertRejects(() => restored(disk, before_s), StorageError, "is missing");

  const { writer: again, lines } = archiveOf(log, disk);
  await archiveAll(again);
  assert(lines.some((line) => line.includes("has lost a part")), lines.join());
  assertEquals((await restored(disk)).last, 4, "the log still had it");
});

Deno.test("what was written before the lost end of the open file can be restored", async () => {
  const disk = newDisk();
  const log = toyLogOf();
  log.clock.now_s += 10;
  log.write();
  log.sync();
  const { writer } = archiveOf(log, disk);
  await writer.open();
  await writer.copyLog();
  const kept = disk.readDirectory(ARCHIVE);
  log.write();
  log.sync();
  await writer.copyLog();
  await writer.release();
  writer.close();
  const last = disk.readDirectory(ARCHIVE).find((name) =>
    /\.i1\./.test(name) && !kept.includes(name)
  )!;
  disk.remove(`${ARCHIVE}/${last}`);
  assertEquals((await restored(disk, log.clock.now_s - 1)).last, 3);
  await assertRejects(() => restored(disk), StorageError, "is missing");
});
