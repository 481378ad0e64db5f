/**
 * What counts no longer in a log's directory: HISTORY files and unfinished work. What cannot be
 * removed is logged and tried again at the next start.
 *
 * Promise: a file is removed only when it is certain that no manifest on disk needs it.
 */

import type { Disk } from "../../platform/disk.ts";
import type { Log } from "../errors.ts";
import { joinPath } from "../files.ts";
import type { ManifestStore } from "./manifest_store.ts";
import { messageOf } from "../../platform/message_of.ts";

/** Where to tidy up. */
export interface LeftoversOptions {
  /** The disk. */
  readonly disk: Disk;
  /** Path of the directory. */
  readonly directory: string;
  /** `appendfilename`. */
  readonly appendFileName: string;
  /** The manifest. */
  readonly store: ManifestStore;
  /** The server's log. */
  readonly log: Log;
}

/** Removes leftovers, at once. */
export function removeLeftovers(options: LeftoversOptions): void {
  const { disk, directory, store } = options;
  try {
    removeTemporaries(options);
    if (store.manifest.histories.length === 0) return;
    disk.syncDirectory(directory);
    for (const path of histories(options)) disk.remove(path);
    disk.syncDirectory(directory); // else the names could come back when nothing names them
    store.replace({ ...store.manifest, histories: [] });
  } catch (error) {
    logUntidy(options, error);
  }
}

/** Removes leftovers; no turn of the event loop waits for an fsync, or for a large file to go. */
export async function removeLeftoversInBackground(options: LeftoversOptions): Promise<void> {
  const { disk, directory, store } = options;
  try {
    removeTemporaries(options);
    if (store.manifest.histories.length === 0) return;
    await disk.syncDirectoryInBackground(directory);
    for (const path of histories(options)) await disk.removeInBackground(path);
    await disk.syncDirectoryInBackground(directory);
    await store.replaceInBackground({ ...store.manifest, histories: [] });
  } catch (error) {
    logUntidy(options, error);
  }
}

function removeTemporaries({ disk, directory, appendFileName }: LeftoversOptions): void {
  disk.readDirectory(directory)
    .filter((name) => name.startsWith(`temp-${appendFileName}.`))
    .forEach((name) => disk.remove(joinPath(directory, name)));
}

/** The history files that are there. */
function* histories({ disk, directory, store, log }: LeftoversOptions): Generator<string> {
  for (const { name } of store.manifest.histories) {
    const path = joinPath(directory, name);
    if (disk.stat(path) === undefined) continue;
    log("notice", `Removing the history file ${name}`);
    yield path;
  }
}

function logUntidy({ directory, log }: LeftoversOptions, error: unknown): void {
  log(
    "warning",
    `cannot tidy up ${directory}: ${messageOf(error)}`,
  );
}
