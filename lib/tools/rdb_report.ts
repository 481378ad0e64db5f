/** What is in an RDB file, in lines to read. */

import type { RdbReport } from "../persistence/rdb/check.ts";
import { formatTime } from "../numbers/time_text.ts";

/** The lines of a report, indented by two. */
export function rdbLines(report: RdbReport): string[] {
  const { version, end_bytes, checksum, aux, databases, functions, emptyKeys } = report;
  const fields = [...aux].map(([name, value]) => `${name} ${auxText(name, value)}`);
  const lines = [`  RDB version ${version}, ${end_bytes} bytes, checksum ${checksum}`];
  if (fields.length > 0) lines.push(`  ${fields.join(", ")}`);
  for (const [db, { keys, types, expiring, expired }] of databases) {
    const byType = [...types].map(([type, count]) => `${type} ${count}`).join(", ");
    const expiry = expiring === 0 ? "" : `; with expiry ${expiring}, of these over ${expired}`;
    lines.push(`  db${db}: ${keys} keys (${byType})${expiry}`);
  }
  if (databases.size === 0) lines.push("  no keys");
  if (emptyKeys > 0) lines.push(`  ${emptyKeys} empty collections, which loading passes over`);
  if (functions > 0) {
    lines.push(`  ${functions} libraries of functions, which loading passes over`);
  }
  return lines;
}

/** The moment that the snapshot is of, in seconds; undefined: it does not say. */
export function snapshotTime(report: RdbReport | undefined): number | undefined {
  const text = report?.aux.get("ctime");
  return text !== undefined && /^[0-9]{1,11}$/.test(text) ? Number(text) : undefined;
}

function auxText(name: string, value: string): string {
  const isTime = name === "ctime" && /^[0-9]{1,11}$/.test(value);
  return isTime ? formatTime(Number(value)) : value;
}
