/**
 * What an archive goes through besides crashes: clocks that jump, a disk that is full for a moment, a
 * directory that is emptied, objects that are lost, catalogs of an older server.
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../kit/assert.ts";
import { StorageError } from "../../../lib/persistence/errors.ts";
import { catalogName, checksumOf } from "../../../lib/persistence/archive/names.ts";
import type { ArchiveSink } from "../../../lib/persistence/archive/sink.ts";
import { latin1Bytes, type MemoryDisk } from "../memory_disk.ts";
import {
  ARCHIVE,
  archiveAll,
  archiveOf,
  archiveSink,
  newDisk,
  QuickClock,
  restored,
  toyLogOf,
  writerTo,
} from "./toy_log.ts";

/** A clock whose time of day can be set. */
class SetClock extends QuickClock {
  ahead_s = 0;

  override now_ms(): number {
    return (this.now_s + this.ahead_s) * 1000;
  }
}

function diskOf(files: Record<string, string>): MemoryDisk {
  const disk = newDisk();
  for (const [path, content] of Object.entries(files)) disk.put(path, content);
  return disk;
}

function catalogs(disk: MemoryDisk): string[] {
  return disk.readDirectory(ARCHIVE).filter((name) => /^h\d+\.c/.test(name));
}

Deno.test("whenever the figures say that all is archived, all of it can be restored", async () => {
  const log = toyLogOf();
  const disk = newDisk();
  const { writer } = archiveOf(log, disk);
  const seen: { files: Record<string, string>; last: number }[] = [];
  disk.fault = () => {
    if (writer.lag_bytes() === 0 && writer.pendingFiles() === 0) {
      seen.push({ files: disk.snapshot(), last: log.last });
    }
    return undefined;
  };
  assertEquals(writer.pendingFiles(), 1, "of a log without a base that is to be told, too");
  await writer.open();
  for (let step = 0; step < 20; step++) {
    log.clock.now_s += 7;
    log.write(step);
    log.sync();
    await writer.copyLog();
    if (step % 3 === 1) {
      log.rotate();
      log.write();
      log.sync();
    }
    if (step % 3 === 2) log.installBase(50);
    while (await writer.copyBase()) continue;
  }
  writer.close();
  assert(seen.length > 20, `${seen.length}`);
  for (const { files, last } of seen) assertEquals((await restored(diskOf(files))).last, last);
});

Deno.test("a file that a rewrite has removed is not lost where the catalog could not be stored", async () => {
  const { writer: counted, disk: countedDisk } = await sealAndRemove(() => undefined);
  counted.close();
  const calls = countedDisk.calls.length;
  for (let at = 1; at <= calls; at++) {
    const { log, disk, writer, lines } = await sealAndRemove((index) =>
      index === at ? { code: "ENOSPC" } : undefined
    );
    log.clock.now_s++;
    await writer.open();
    await writer.copyLog();
    while (await writer.copyBase()) continue;
    writer.close();
    assert(!lines.some((line) => line.includes("gap")), `call ${at}: ${lines}`);
    assertEquals((await restored(disk)).last, log.last, `call ${at}`);
  }
});

/** A round that fails where `fault` says, then a rewrite. */
async function sealAndRemove(fault: (index: number) => { code: "ENOSPC" } | undefined) {
  const log = toyLogOf();
  const disk = newDisk();
  const { writer, lines } = archiveOf(log, disk);
  await writer.open();
  await writer.copyLog();
  log.write();
  log.rotate();
  log.write();
  log.sync();
  const begin = disk.calls.length;
  disk.fault = ({ index }) => fault(index - begin);
  try {
    await writer.copyLog();
  } catch { // as was to be
  }
  log.write();
  writer.noteFiles();
  log.installBase(50);
  writer.noteFiles();
  log.sync();
  disk.fault = () => undefined;
  return { log, disk, writer, lines };
}

Deno.test("a clock that is set back does not keep a writer from saying that it is there", async () => {
  for (const ahead_s of [-3600, 3600]) {
    const clock = new SetClock();
    const log = toyLogOf(clock);
    const disk = newDisk();
    const { writer } = archiveOf(log, disk);
    await writer.open();
    await writer.copyLog();
    const [before] = catalogs(disk);
    clock.ahead_s = ahead_s;
    clock.now_s += 20;
    await writer.renew();
    assert(catalogs(disk)[0] !== before, `${ahead_s}`);
    writer.close();
  }
});

Deno.test("an archive whose last server had a clock that was ahead is free a minute later", async () => {
  const clock = new SetClock();
  clock.ahead_s = 10 * 365 * 86400;
  const disk = newDisk();
  const { writer } = archiveOf(toyLogOf(clock), disk, 0, "one");
  await writer.open();
  await writer.copyLog();
  const here = new QuickClock();
  const { writer: other } = archiveOf(toyLogOf(here, 5), disk, 0, "two");
  for (let i = 0; i < 20; i++) {
    await assertRejects(() => other.open(), StorageError, "another server writes");
    here.now_s += 10;
    clock.now_s += 10;
    await writer.renew(); // it is there, all the same
  }
  for (let i = 0; i < 6; i++) {
    await assertRejects(() => other.open(), StorageError, "another server writes");
    here.now_s += 10;
  }
  await archiveAll(other);
  assertEquals((await restored(disk)).last, 5);
  writer.close();
});

Deno.test("who is refused says the same each time: it is logged once", async () => {
  const clock = new QuickClock();
  const disk = newDisk();
  const { writer } = archiveOf(toyLogOf(clock), disk, 0, "one");
  const { writer: other } = archiveOf(toyLogOf(clock, 5), disk, 0, "two");
  await writer.open();
  const messages = new Set<string>();
  for (let i = 0; i < 5; i++) {
    messages.add((await assertRejects(() => other.open(), StorageError)).message);
    clock.now_s += 25;
    await writer.renew();
  }
  assertEquals([...messages].length, 1, [...messages].join("\n"));
  writer.close();
});

Deno.test("removing what is too old takes long: the archive stays this server's", async () => {
  const log = toyLogOf();
  const disk = newDisk();
  const plain = archiveSink(disk);
  let longest_s = 0;
  let stored_s = 0;
  const slow: ArchiveSink = {
    name: plain.name,
    list: () => plain.list(),
    read: (name) => plain.read(name),
    put: (name, bytes) => {
      if (/\.c/.test(name)) stored_s = log.clock.now_s;
      return plain.put(name, bytes);
    },
    remove: (name) => {
      log.clock.now_s += 5;
      longest_s = Math.max(longest_s, log.clock.now_s - stored_s);
      return plain.remove(name);
    },
  };
  for (let i = 0; i < 20; i++) log.write(1 << 20);
  log.sync();
  await archiveAll(writerTo(plain, log));
  log.rotate();
  log.write();
  log.sync();
  log.installBase(50);
  log.clock.now_s += 100;
  const writer = writerTo(slow, log, 10);
  await writer.open();
  for (let i = 0; i < 3; i++) {
    await writer.copyLog();
    while (await writer.copyBase()) continue;
    log.clock.now_s += 15;
    await writer.renew();
  }
  writer.close();
  assert(!disk.readDirectory(ARCHIVE).some((name) => /\.i1\./.test(name)));
  assert(longest_s < 60, `${longest_s} seconds`);
});

Deno.test("an archive directory that was removed and made again is begun anew", async () => {
  for (const removed of [/^h/, /\.c\d+\./, /\.[bi]\d+\./]) {
    const log = toyLogOf();
    log.rotate();
    log.write();
    log.sync();
    log.installBase(50);
    const disk = newDisk();
    const { writer } = archiveOf(log, disk);
    await writer.open();
    await writer.copyLog();
    while (await writer.copyBase()) continue;
    for (const name of disk.readDirectory(ARCHIVE).filter((name) => removed.test(name))) {
      disk.remove(`${ARCHIVE}/${name}`);
    }
    log.clock.now_s += 20;
    for (let step = 0; step < 3; step++) {
      log.clock.now_s++;
      log.write();
      log.sync();
      try {
        await writer.copyLog();
      } catch (error) {
        assert(error instanceof StorageError, String(error));
        assertStringIncludes(error.message, "is gone");
        await writer.open();
      }
      while (await writer.copyBase()) continue;
    }
    if (removed.test("h1.i1.0.1.00000000") && !removed.test("h1.c1.00000000")) {
      await writer.release();
      await archiveAll(writer); // pieces that are missing are seen when it is opened
    }
    writer.close();
    assertEquals((await restored(disk)).last, log.last, `${removed}`);
  }
});

Deno.test("a base of which an object was lost is archived again, with its time", async () => {
  const log = toyLogOf();
  log.rotate();
  log.write();
  log.sync();
  log.installBase(50);
  const disk = newDisk();
  await archiveAll(archiveOf(log, disk).writer);
  const base_s = log.clock.now_s;
  const lost = disk.readDirectory(ARCHIVE).find((name) => /\.b1\./.test(name))!;
  disk.remove(`${ARCHIVE}/${lost}`);
  await assertRejects(() => restored(disk), StorageError, "is missing");
  log.clock.now_s += 100;
  const { writer, lines } = archiveOf(log, disk);
  await writer.open();
  assertEquals(writer.pendingFiles(), 1);
  await writer.copyLog();
  while (await writer.copyBase()) continue;
  writer.close();
  assert(lines.some((line) => line.includes("has lost a part")), lines.join());
  assertEquals((await restored(disk)).last, log.last);
  assertEquals((await restored(disk, base_s)).last, log.last);
});

Deno.test("a catalog of before there were owners is read, gone on with, and restored", async () => {
  const log = toyLogOf();
  const disk = newDisk();
  await archiveAll(archiveOf(log, disk).writer);
  const name = catalogs(disk)[0];
  const { owner: _, ...fields } = JSON.parse(disk.content(`${ARCHIVE}/${name}`)!);
  for (const incr of fields.incrs) delete incr.stored_bytes;
  const text = `${JSON.stringify(fields)}\n`;
  disk.remove(`${ARCHIVE}/${name}`);
  disk.put(`${ARCHIVE}/${catalogName(1, 9, checksumOf(latin1Bytes(text)))}`, text);
  assertEquals((await restored(disk)).last, 3);
  log.write();
  log.sync();
  const { writer, lines } = archiveOf(log, disk, 0, "another");
  await archiveAll(writer);
  assertEquals(lines, []);
  const { history, last } = await restored(disk);
  assertEquals([history, last], [1, 4]);
});
