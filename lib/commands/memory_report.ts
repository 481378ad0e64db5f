/** MEMORY DOCTOR's words: what the figures say to somebody who does not know them. */

import type { Keyspace } from "../keyspace/keyspace.ts";
import { humanBytes } from "./human_bytes.ts";
import { type MemoryFigures, memoryRatios } from "./memory_figures.ts";

/** With less data than this, ratios say nothing. */
const DATA_BYTES_MIN = 5 * 1024 * 1024;
/** The peak is high at this many times the present use. */
const PEAK_RATIO_HIGH = 1.5;
/** Fragmentation is high from this ratio and this many bytes on. */
const FRAGMENTATION_RATIO_HIGH = 1.4;
const FRAGMENTATION_BYTES_HIGH = 10 * 1024 * 1024;
/** A client's buffers are large from here on, in the mean. */
const CLIENT_BYTES_HIGH = 200 * 1024;

/** What there is to say about memory, one line for each finding. */
export function memoryReport(
  figures: MemoryFigures,
  keyspace: Pick<Keyspace, "measureBytes">,
  clientCount: number,
): string {
  const keyspace_bytes = keyspace.measureBytes();
  if (keyspace_bytes < DATA_BYTES_MIN) {
    return `There is little data here (${humanBytes(keyspace_bytes)}): nothing can be said ` +
      "about its memory yet.\n";
  }
  const { peak_bytes, used_bytes, clients_bytes } = figures;
  const ratios = memoryRatios(figures);
  const findings: string[] = [];
  if (peak_bytes > used_bytes * PEAK_RATIO_HIGH) {
    findings.push(
      `Peak: memory use was ${humanBytes(peak_bytes)} once and is ${humanBytes(used_bytes)} now. ` +
        "What V8 and the system keep of the difference makes other ratios look worse than they are.",
    );
  }
  if (
    ratios.allocatorFragmentation > FRAGMENTATION_RATIO_HIGH &&
    ratios.allocatorFragmentation_bytes > FRAGMENTATION_BYTES_HIGH
  ) {
    findings.push(
      `Fragmentation: ${
        humanBytes(ratios.allocatorFragmentation_bytes)
      } are held for records and ` +
        "not used. They are given back in the background; MEMORY PURGE hastens it.",
    );
  }
  if (clientCount > 0 && clients_bytes / clientCount > CLIENT_BYTES_HIGH) {
    findings.push(
      `Clients: each holds ${
        humanBytes(clients_bytes / clientCount)
      } of buffers in the mean. See ` +
        "CLIENT LIST for those that send more than they read.",
    );
  }
  if (findings.length === 0) return "No problem with memory was found.\n";
  return `${findings.map((finding) => ` * ${finding}\n`).join("")}`;
}
