/** Backups on a simulated disk: copies where links cannot be had, failures at every call. */

import { assert, assertEquals, assertRejects } from "../../kit/assert.ts";
import { parseManifest } from "../../../lib/persistence/aof/manifest.ts";
import { crc32 } from "../../../lib/persistence/aof/frames.ts";
import { BackupAborted, backupLog } from "../../../lib/persistence/backup/backup.ts";
import { parseMarker } from "../../../lib/persistence/backup/marker.ts";
import { backgroundDisk } from "../../../lib/platform/background_disk.ts";
import { latin1Bytes, type MemoryDisk } from "../memory_disk.ts";
import { DIRECTORY, newDisk, QuickClock, ToyLog } from "./toy_log.ts";

const BACKUP = "/data/backup";

interface Attempt {
  /** Bytes of the base; more than a chunk where not given. */
  readonly base_bytes?: number;
  /** Called when the files have been taken. */
  readonly afterTaking?: (log: ToyLog) => void;
  readonly isAborted?: () => boolean;
}

/** A log with a base and two sealed files behind it, backed up. */
async function backUp(disk: MemoryDisk, attempt: Attempt = {}): Promise<ToyLog> {
  const log = new ToyLog(disk, new QuickClock());
  log.write();
  log.rotate();
  log.installBase(attempt.base_bytes ?? 1_200_000);
  log.write(10);
  log.rotate();
  log.write(20);
  disk.syncDirectory(DIRECTORY);
  await backupLog(
    {
      disk: backgroundDisk(disk),
      clock: log.clock,
      path: BACKUP,
      onProgress: (done_bytes) => {
        if (done_bytes > 0) attempt.afterTaking?.(log);
      },
      isAborted: attempt.isAborted ?? (() => false),
    },
    "appendonlydir",
    () => {
      log.rotate();
      return Promise.resolve(log.facts()!);
    },
  );
  return log;
}

/** Checks that the backup is whole, by its marker; returns what its files hold. */
function contents(disk: MemoryDisk): string[] {
  const marker = parseMarker(latin1Bytes(disk.content(`${BACKUP}/backup.json`)!), BACKUP);
  const names = marker.files.map(({ name, size_bytes, crc32: crc }) => {
    const bytes = latin1Bytes(disk.content(`${BACKUP}/${name}`)!);
    assertEquals(bytes.length, size_bytes);
    assertEquals(crc32(bytes, 0, bytes.length, 0).toString(16).padStart(8, "0"), crc);
    return name.replace("appendonlydir/appendonly.aof.", "");
  });
  const directory = `${BACKUP}/appendonlydir`;
  const manifest = parseManifest(disk.content(`${directory}/appendonly.aof.manifest`)!, directory);
  const listed = [manifest.base!, ...manifest.incrs].map(({ name }) =>
    name.slice("appendonly.aof.".length)
  );
  assertEquals([...listed, "manifest"], names);
  assertEquals(disk.content(`${directory}/appendonly.aof.${listed.at(-1)}`), "");
  return names;
}

Deno.test("a backup is hard links, a manifest and an empty file to go on with", async () => {
  const disk = newDisk();
  await backUp(disk);
  assertEquals(contents(disk), [
    "1.base.rdb",
    "2.incr.aof",
    "3.incr.aof",
    "4.incr.aof",
    "manifest",
  ]);
  assertEquals(disk.calls.filter(({ operation }) => operation === "link").length, 3);
});

Deno.test("without hard links it is copied, though a rewrite removes the files meanwhile", async () => {
  const disk = newDisk();
  disk.fault = ({ operation }) => operation === "link" ? { code: "EIO" } : undefined;
  let base: string | undefined;
  await backUp(disk, {
    afterTaking: (log) => {
      base ??= disk.content(`${DIRECTORY}/appendonly.aof.1.base.rdb`);
      if (log.facts()!.base!.seq === 1) log.installBase();
    },
  });
  assertEquals(contents(disk), [
    "1.base.rdb",
    "2.incr.aof",
    "3.incr.aof",
    "4.incr.aof",
    "manifest",
  ]);
  assertEquals(disk.content(`${DIRECTORY}/appendonly.aof.1.base.rdb`), undefined);
  assertEquals(disk.content(`${BACKUP}/appendonlydir/appendonly.aof.1.base.rdb`), base);
});

Deno.test("a marker is there only if all else is, whichever call fails or is the last", async () => {
  for (const isLinked of [true, false]) {
    const counted = newDisk();
    const linkFault = (operation: string) => !isLinked && operation === "link";
    counted.fault = ({ operation }) => linkFault(operation) ? { code: "EIO" } : undefined;
    await backUp(counted, { base_bytes: 9 });
    const begin = counted.calls.findIndex(({ path }) => path.startsWith(BACKUP));
    for (let at = begin + 1; at <= counted.calls.length; at++) {
      for (const isLast of [true, false]) {
        const disk = newDisk();
        disk.fault = ({ index, operation }) => {
          if (linkFault(operation)) return { code: "EIO" };
          return (isLast ? index >= at : index === at) ? { code: "ENOSPC", written: 3 } : undefined;
        };
        await backUp(disk, { base_bytes: 9 }).catch(() => {});
        disk.fault = () => undefined;
        if (isLast) disk.crash(at % 2 === 0 ? "power" : "kill");
        if (disk.content(`${BACKUP}/backup.json`) !== undefined) contents(disk);
        else if (!isLast) {
          const left = Object.keys(disk.snapshot()).filter((path) => path.startsWith(BACKUP));
          assert(left.length <= 1, `after call ${at} failed: ${left}`);
        }
      }
    }
  }
});

Deno.test("a backup that is ended leaves nothing", async () => {
  const disk = newDisk();
  let asked = 0;
  await assertRejects(() => backUp(disk, { isAborted: () => ++asked > 1 }), BackupAborted);
  assertEquals(Object.keys(disk.snapshot()).filter((path) => path.startsWith(BACKUP)), []);
});
