/** What the tests of a log's directory share: `/data/aofs` on a disk in memory. */

import { AofDirectory } from "../../lib/persistence/aof/directory.ts";
import type { Disk } from "../../lib/platform/disk.ts";
import { memoryLog } from "./kit.ts";
import { MemoryDisk } from "./memory_disk.ts";

/** The directory. */
export const DIR = "/data/aofs";

/** Opens it; a log without checksums, if nothing else is said. */
export function openLog(
  disk: Disk,
  { owner = "pid 1, port 6379", checksums = false } = {},
): AofDirectory {
  return AofDirectory.open({
    disk,
    dir: "/data",
    appendDirName: "aofs",
    appendFileName: "a.aof",
    owner,
    checksums: () => checksums,
    log: memoryLog().log,
  });
}

/** What a restart would replay. */
export function replayed(disk: MemoryDisk): string {
  const directory = openLog(disk);
  const text = directory.files().map(({ path }) => disk.content(path)).join("");
  directory.close();
  return text;
}

/** A disk that holds the directory, and these files. */
export function diskWith(files: Record<string, string>): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory(DIR);
  disk.syncDirectory("/data");
  for (const [path, content] of Object.entries(files)) disk.put(path, content);
  return disk;
}
