/** What is left of an archive when its disk fails, its server ends, or its objects are damaged. */

import { assert, assertEquals } from "../../kit/assert.ts";
import { flags, Seeded } from "../../kit/flags.ts";
import { StorageError } from "../../../lib/persistence/errors.ts";
import type { MemoryDisk } from "../memory_disk.ts";
import {
  ARCHIVE,
  archiveAll,
  archiveOf,
  newDisk,
  QuickClock,
  restored,
  ToyLog,
} from "./toy_log.ts";

const { seed, size } = flags(1);

/** What a run has got to before it was stopped. */
interface Run {
  readonly log: ToyLog;
  readonly disk: MemoryDisk;
  /** The last command of the last round that was complete. */
  readonly promised: number;
  readonly calls: number;
}

/** Writes, rotates, rewrites and archives, until a call on the archive's disk fails. */
async function run(prepare: (disk: MemoryDisk) => void): Promise<Run> {
  const disk = newDisk();
  const log = new ToyLog(newDisk(), new QuickClock());
  const { writer } = archiveOf(log, disk, 25);
  prepare(disk);
  const before = disk.calls.length;
  let promised = 0;
  let isWell = true;
  const attempt = async (action: () => Promise<unknown>) => {
    if (!isWell) return;
    try {
      await action();
    } catch {
      isWell = false;
    }
  };
  await attempt(() => writer.open());
  for (let step = 0; step < 24; step++) {
    log.clock.now_s += 3;
    log.write(step * 3);
    if (step % 2 === 0) log.sync();
    log.write();
    await attempt(async () => {
      await writer.copyLog();
      promised = log.last;
    });
    if (step % 8 === 5) {
      log.rotate();
      writer.noteFiles();
      log.write();
    }
    if (step % 8 === 7) {
      log.installBase(50);
      await attempt(async () => {
        while (await writer.copyBase()) continue;
      });
    }
  }
  log.sync();
  writer.close();
  return { log, disk, promised, calls: disk.calls.length - before };
}

Deno.test("a crash at any call leaves an archive that restores to the last complete round", async () => {
  const { calls } = await run(() => {});
  let crashes = 0;
  for (let round = 0; round < size; round++) {
    for (let at = 1; at <= calls; at++) {
      const chance = new Seeded(seed + round * calls + at);
      const { log, disk, promised } = await run((disk) => {
        const begin = disk.calls.length;
        disk.fault = ({ index }) => {
          if (index - begin < at) return undefined;
          return { code: "EIO", written: index - begin === at ? chance.below(60) : 0 };
        };
      });
      const where = `seed ${seed}, call ${at} of ${calls}`;
      disk.fault = () => undefined;
      disk.crash(at % 2 === 0 ? "kill" : "power", () => chance.below(2) === 0);
      if (promised > 0) {
        const result = await restored(disk);
        assert(result.last >= promised, `${where}: ${result.last}, not ${promised}`);
        assert(result.last <= log.last, where);
      }
      log.run++;
      await archiveAll(archiveOf(log, disk, 25).writer);
      assertEquals((await restored(disk)).last, log.last, `${where}: gone on`);
      crashes++;
    }
  }
  console.log(`${crashes} crashes of an archive, ${calls} calls each`);
});

Deno.test("a call that fails once is made good by opening the archive again", async () => {
  const { calls } = await run(() => {});
  for (let at = 1; at <= calls; at += 3) {
    const disk = newDisk();
    const log = new ToyLog(newDisk(), new QuickClock());
    const { writer } = archiveOf(log, disk);
    let failures = 0;
    const begin = disk.calls.length;
    disk.fault = ({ index }) => index - begin === at ? { code: "ENOSPC" } : undefined;
    let isOpen = false;
    for (let step = 0; step < 24; step++) {
      log.write(step);
      log.sync();
      if (step % 8 === 5) {
        log.rotate();
        log.write();
        log.sync();
        writer.noteFiles();
      }
      if (step % 8 === 7) log.installBase(50);
      try {
        isOpen = isOpen || await writer.open();
        await writer.copyLog();
        while (await writer.copyBase()) continue;
        assertEquals((await restored(disk)).last, log.last);
      } catch (error) {
        if (!(error instanceof Error && /No space left/.test(error.message))) throw error;
        failures++;
        isOpen = false;
      }
    }
    assert(failures <= 1);
    writer.close();
  }
});

Deno.test("an object that is damaged or missing is told, never served", async () => {
  const { disk } = await run(() => {});
  const before = await restored(disk);
  const objects = disk.readDirectory(ARCHIVE).map((name) => `${ARCHIVE}/${name}`);
  let told = 0;
  for (const path of objects) {
    const content = disk.content(path)!;
    const chance = new Seeded(seed);
    const damages: (string | undefined)[] = [undefined, content.slice(0, -1), content + "x"];
    for (let i = 0; i < 3 && content.length > 0; i++) {
      const at = chance.below(content.length);
      const flipped = String.fromCharCode(content.charCodeAt(at) ^ 1 << chance.below(8));
      damages.push(content.slice(0, at) + flipped + content.slice(at + 1));
    }
    for (const damage of damages) {
      if (damage === undefined) disk.remove(path);
      else disk.put(path, damage);
      try {
        const after = await restored(disk);
        // an older base, or the end of the open file: its loss is that of the last seconds
        assert(after.last === before.last || damage === undefined, path);
        assert(after.last <= before.last, path);
      } catch (error) {
        assert(error instanceof StorageError, String(error));
        assert(error.message.includes(ARCHIVE), error.message);
        told++;
      }
      disk.put(path, content);
    }
  }
  assert(told >= objects.length, `${told} damages told, of ${objects.length} objects`);
});

Deno.test("a damaged catalog makes the server begin another history, and leaves the old one", async () => {
  const { disk, log } = await run(() => {});
  const name = disk.readDirectory(ARCHIVE).find((name) => /\.c\d+\./.test(name))!;
  const content = disk.content(`${ARCHIVE}/${name}`)!;
  disk.put(`${ARCHIVE}/${name}`, content.replace("1", "2"));
  const { writer, lines } = archiveOf(log, disk);
  await archiveAll(writer);
  assert(lines.some((line) => line.includes(name) && line.includes("checksum")), lines.join());
  const after = await restored(disk);
  assertEquals([after.history, after.last], [2, log.last]);
  disk.put(`${ARCHIVE}/${name}`, content);
  assertEquals((await restored(disk)).history, 2);
});

Deno.test("what is missing in the middle of a sealed file is told when the archive is opened", async () => {
  const log = new ToyLog(newDisk(), new QuickClock());
  const disk = newDisk();
  log.write(5000);
  log.sync();
  await archiveAll(archiveOf(log, disk).writer);
  log.rotate();
  log.write();
  log.sync();
  await archiveAll(archiveOf(log, disk).writer);
  const last = disk.readDirectory(ARCHIVE).find((name) => /\.i1\.[1-9]/.test(name))!;
  disk.remove(`${ARCHIVE}/${last}`);
  const { writer, lines } = archiveOf(log, disk);
  await archiveAll(writer);
  assert(lines.some((line) => line.includes("has lost a part")), lines.join());
  assertEquals((await restored(disk)).last, log.last, "it is copied again");
});
