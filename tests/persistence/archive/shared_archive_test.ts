/** What becomes of an archive while somebody reads it, or another server believes that it is its own. */

import { assert, assertEquals, assertRejects } from "../../kit/assert.ts";
import { StorageError } from "../../../lib/persistence/errors.ts";
import { checksumOf, readNames } from "../../../lib/persistence/archive/names.ts";
import { restoreArchive } from "../../../lib/persistence/archive/restore.ts";
import type { ArchiveSink } from "../../../lib/persistence/archive/sink.ts";
import { latin1Bytes, MemoryDisk } from "../memory_disk.ts";
import {
  ARCHIVE,
  archiveAll,
  archiveOf,
  archiveSink,
  newDisk,
  QuickClock,
  toyLogOf,
  writerTo,
} from "./toy_log.ts";

Deno.test("an archive is restored while its server goes on merging and renewing", async () => {
  for (let skip = 0; skip < 6; skip++) {
    const log = toyLogOf();
    const disk = newDisk();
    const { writer } = archiveOf(log, disk);
    await writer.open();
    const grow = async (padding: number) => {
      log.clock.now_s += 20;
      log.write(padding);
      log.sync();
      await writer.copyLog();
    };
    for (const padding of [900_000, 400_000, 3000, 500, 200]) await grow(padding);
    const { last } = log;
    const plain = archiveSink(disk);
    let reads = 0;
    let catalogs = 0;
    const busy: ArchiveSink = {
      name: plain.name,
      put: () => Promise.reject(new Error("a restore only reads")),
      remove: () => Promise.reject(new Error("a restore only reads")),
      list: () => plain.list(),
      read: async (name) => {
        const isCatalog = /\.c\d/.test(name);
        if (reads++ >= skip && !(isCatalog && catalogs++ > 2)) await grow(3000 * reads);
        return await plain.read(name);
      },
    };
    const target = new MemoryDisk();
    const result = await restoreArchive({
      disk: target,
      archive: busy,
      into: "/data/restored",
      log: () => {},
    });
    writer.close();
    const text = target.content(`/data/restored/${result.files[0]}`)!;
    const numbers = [...text.matchAll(/\$1\r\nn\r\n\$\d+\r\n(\d+)\r\n/g)].map(([, n]) => Number(n));
    assertEquals(numbers, Array.from({ length: numbers.length }, (_, i) => i + 1));
    assert(numbers.length >= last, `${numbers.length} of ${last}`);
  }
});

Deno.test("a server that is refused is told so whatever becomes of the catalog it reads", async () => {
  const clock = new QuickClock();
  const log = toyLogOf(clock);
  const disk = newDisk();
  const { writer } = archiveOf(log, disk, 0, "one");
  await writer.open();
  const plain = archiveSink(disk);
  let reads = 0;
  const busy: ArchiveSink = {
    name: plain.name,
    put: (name, bytes) => plain.put(name, bytes),
    remove: (name) => plain.remove(name),
    list: () => plain.list(),
    read: async (name) => {
      clock.now_s += 20;
      if (reads++ < 2) await writer.renew();
      return await plain.read(name);
    },
  };
  const two = writerTo(busy, toyLogOf(clock, 5));
  await assertRejects(() => two.open(), StorageError, "another server writes");
  writer.close();
});

Deno.test("two servers that store at the same moment do not mix their objects", async () => {
  for (let lead = 0; lead < 12; lead++) {
    const disk = newDisk();
    const [one, two] = ["one", "two"].map((name) => archiveSink(disk, name));
    const put = async (sink: ArchiveSink, name: string, bytes: Uint8Array) => {
      try {
        await sink.put(name, bytes);
      } catch { // it is told
      }
    };
    const contents = ["x".repeat(5000), "y".repeat(3000)].map(latin1Bytes);
    const names = contents.map((bytes, i) =>
      `h${i + 1}.i1.0.${bytes.length}.${checksumOf(bytes).toString(16).padStart(8, "0")}`
    );
    const first = put(one, names[0], contents[0]);
    for (let turn = 0; turn < lead; turn++) await Promise.resolve();
    await Promise.all([first, put(two, names[1], contents[1])]);
    for (const [number, { chunks }] of readNames(disk.readDirectory(ARCHIVE))) {
      for (const { length, crc } of chunks.get("i1")!) {
        const bytes = latin1Bytes(disk.content(`${ARCHIVE}/${names[number - 1]}`)!);
        assertEquals([bytes.length, checksumOf(bytes)], [length, crc], `at a distance of ${lead}`);
      }
    }
  }
});

Deno.test("what another server has left unfinished is removed by the next one", async () => {
  const disk = newDisk();
  for (const name of ["temp-archive-object", "temp-archive-object.gone"]) {
    disk.put(`${ARCHIVE}/${name}`, "half");
  }
  const log = toyLogOf();
  const { writer } = archiveOf(log, disk);
  await archiveAll(writer);
  assert(disk.readDirectory(ARCHIVE).every((name) => name.startsWith("h1.")));
});
