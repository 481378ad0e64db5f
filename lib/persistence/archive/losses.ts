/**
 * What an archive has lost, seen when it is opened: objects that its catalog counts on and that are
 * not there, or lie behind a gap. Promise: none goes unnoticed, and what the log still has of it is
 * archived again.
 */

import type { Log } from "../errors.ts";
import type { ArchiveState } from "./archive_state.ts";
import type { PublishedCatalog } from "./published_catalog.ts";

/**
 * Tells of losses, and takes back that these files are archived.
 *
 * @param logsBase number of the base that the log has, if it has one
 * @param archive its name, for messages
 * @returns of which moment that base is, in seconds, if it is to be archived again
 */
export function reopenLost(
  { catalog, copies }: ArchiveState,
  published: PublishedCatalog,
  logsBase: number | undefined,
  archive: string,
  log: Log,
): number | undefined {
  const tell = (name: string, known_bytes: number, archived_bytes: number, what: string) =>
    log(
      "warning",
      `The archive ${archive} has lost a part of ${name}: of its ${known_bytes} bytes there are ` +
        `${archived_bytes} in one piece. ${what}`,
    );
  for (const { name, seq, size_bytes, stored_bytes } of catalog.incrs) {
    const archived_bytes = copies.get(`i${seq}`)?.length ?? 0;
    const known_bytes = size_bytes ?? Math.max(stored_bytes ?? 0, archived_bytes);
    if (archived_bytes === known_bytes) continue;
    tell(
      name,
      known_bytes,
      archived_bytes,
      "It can be restored up to there, and from the next base",
    );
    published.reopenIncr(seq);
  }
  let again_s: number | undefined;
  for (const { name, seq, size_bytes, time_s } of catalog.bases) {
    const archived_bytes = copies.get(`b${seq}`)?.length ?? 0;
    if (archived_bytes === size_bytes) continue;
    const isThere = seq === logsBase;
    const what = isThere ? "It is archived again" : "It can be restored from the next base on";
    tell(name, size_bytes, archived_bytes, what);
    if (!isThere) continue;
    published.reopenBase(seq);
    again_s = time_s;
  }
  return again_s;
}
