/**
 * What a life keeps beside its log: the archive, and backups. After a crash each of them must hold
 * what some first commands have made, and not less than it was known to hold.
 */

import { DirectorySink } from "../../lib/persistence/archive/directory_sink.ts";
import { restoreArchive } from "../../lib/persistence/archive/restore.ts";
import { MARKER_NAME, parseMarker } from "../../lib/persistence/backup/marker.ts";
import { StorageError } from "../../lib/persistence/errors.ts";
import { backgroundDisk } from "../../lib/platform/background_disk.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Image } from "./journal.ts";
import { recover } from "./recovery.ts";
import { SimDisk } from "./sim_disk.ts";
import { DIR } from "./sim_server.ts";

/** Where a backup is; a number of its own for each. */
export function backupPath(number: number): string {
  return `${DIR}/backup${number}`;
}

/** Where the archive is. */
export const ARCHIVE = `${DIR}/archive`;
const RESTORED = `${DIR}/restored`;
/** Paths within copies. */
const COPY = new RegExp(`^${DIR}/(archive|backup[0-9]+)/`);

/** What a copy gives. */
export interface Copy {
  /** Digest of its data; undefined: it gives none. */
  readonly digest: string | undefined;
  /** Why. */
  readonly error: string | undefined;
}

/** There is no copy, or none that is complete. */
export const NO_COPY: Copy = { digest: undefined, error: "there is none" };

/** Opens copies; what was opened once is remembered. */
export class Copies {
  readonly #known = new Map<string, Copy>();

  /** The data of the archive in an image. */
  archive(image: Image): Promise<Copy> {
    return this.#remembered(part(image, ARCHIVE), async (archive) => {
      if (archive.files.size === 0) return NO_COPY;
      const disk = new SimDisk(archive);
      const sink = new DirectorySink(backgroundDisk(disk), ARCHIVE);
      try {
        await restoreArchive({
          disk,
          archive: sink,
          into: `${RESTORED}/appendonlydir`,
          log: () => {},
        });
      } catch (error) {
        if (error instanceof StorageError && error.kind === "unsupported") return NO_COPY;
        return { digest: undefined, error: String(error) };
      }
      return await recover(disk.image(), { dir: RESTORED });
    });
  }

  /** The data of the backup in a directory. */
  backup(image: Image, path: string): Promise<Copy> {
    return this.#remembered(part(image, path), async (backup) => {
      const bytes = backup.files.get(`${path}/${MARKER_NAME}`);
      if (bytes === undefined) return NO_COPY;
      const { method, files } = parseMarker(bytes, path);
      for (const { name, size_bytes } of files) {
        const length = backup.files.get(`${path}/${name}`)?.length;
        if (length === size_bytes) continue;
        return { digest: undefined, error: `${name} has ${length} of ${size_bytes} bytes` };
      }
      return await recover(backup, { dir: path, appendonly: method === "log" ? "yes" : "no" });
    });
  }

  async #remembered(image: Image, open: (image: Image) => Promise<Copy>): Promise<Copy> {
    const name = fingerprint(image);
    let copy = this.#known.get(name);
    if (copy === undefined) this.#known.set(name, copy = await open(image));
    return copy;
  }
}

/** What a server looks at when it starts. */
export function withoutCopies({ files, directories }: Image): Image {
  return { files: new Map([...files].filter(([path]) => !COPY.test(path))), directories };
}

/** What an image holds below a directory. */
function part({ files, directories }: Image, path: string): Image {
  const isBelow = (name: string) => name.startsWith(`${path}/`);
  return {
    files: new Map([...files].filter(([name]) => isBelow(name))),
    directories: new Set([DIR, path, ...[...directories].filter(isBelow)]),
  };
}
