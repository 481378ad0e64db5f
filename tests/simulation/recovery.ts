/** A new start on what a crash has left. */

import type { Image } from "./journal.ts";
import { BIRTH_MS } from "./life.ts";
import { drive, SimClock } from "./sim_clock.ts";
import { SimDisk } from "./sim_disk.ts";
import { type Directives, SimServer } from "./sim_server.ts";

/** What was found after a crash. */
export interface Recovery {
  /** Digest of the data; undefined: the server refused to start. */
  readonly digest: string | undefined;
  /** Why it refused. */
  readonly error: string | undefined;
  /** What its log says. */
  readonly lines: readonly string[];
}

/** Starts a server on what a crash has left, and takes the disk away from it. */
export async function recover(image: Image, directives: Directives): Promise<Recovery> {
  const disk = new SimDisk(image);
  const clock = new SimClock(BIRTH_MS);
  let lines: readonly string[] = [];
  const onlyLoading = { ...directives, port: "0", "aof-archive-dir": "" };
  const started = SimServer.start(disk, clock, onlyLoading, (starting) => {
    lines = starting.lines;
  });
  try {
    const sim = await drive(started, clock, () => {});
    return { digest: sim.digest, error: undefined, lines };
  } catch (error) {
    return { digest: undefined, error: String(error), lines };
  } finally {
    disk.endProcess();
  }
}
