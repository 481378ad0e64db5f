/**
 * The file that makes a directory a backup: written last, so that a directory without it is an
 * unfinished one.
 *
 *     {"redeno_backup":1,"version":"0.1.0","method":"log","began_s":1700000000,"ended_s":1700000003,
 *      "files":[{"name":"appendonlydir/appendonly.aof.1.incr.aof","size_bytes":812,
 *                "crc32":"8f3a12bc"}]}
 */

import { StorageError } from "../errors.ts";

/** Name of the file. */
export const MARKER_NAME = "backup.json";

/** A file of a backup. */
export interface BackupFile {
  /** Its path within the backup. */
  readonly name: string;
  readonly size_bytes: number;
  /** CRC-32 (IEEE) of its bytes, 8 hexadecimal digits. */
  readonly crc32: string;
}

/** What the file says. */
export interface BackupMarker {
  /** Version of redeno that has made it. */
  readonly version: string;
  /** `log`: start with `appendonly yes`; `snapshot`: with `appendonly no`. */
  readonly method: "log" | "snapshot";
  /** The data is that of a moment between these two, in seconds since the epoch. */
  readonly began_s: number;
  readonly ended_s: number;
  readonly files: readonly BackupFile[];
}

const FORMAT = 1;

/** The file's content. */
export function formatMarker(marker: BackupMarker): Uint8Array {
  const text = JSON.stringify({ redeno_backup: FORMAT, ...marker }, undefined, 2);
  return new TextEncoder().encode(`${text}\n`);
}

/**
 * Reads the file.
 *
 * @throws {StorageError} it is no such file, or of a later version
 */
export function parseMarker(bytes: Uint8Array, path: string): BackupMarker {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    value = undefined;
  }
  const { redeno_backup, version, method, began_s, ended_s, files } = fields(value);
  const isKnown = redeno_backup === FORMAT && typeof version === "string" &&
    (method === "log" || method === "snapshot") &&
    typeof began_s === "number" && typeof ended_s === "number" &&
    Array.isArray(files) && files.every(isFile);
  if (!isKnown) {
    throw new StorageError("damaged", path, undefined, "this does not describe a backup of redeno");
  }
  return { version, method, began_s, ended_s, files };
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function isFile(value: unknown): value is BackupFile {
  const { name, size_bytes, crc32 } = fields(value);
  return typeof name === "string" && typeof size_bytes === "number" &&
    typeof crc32 === "string" && /^[0-9a-f]{8}$/.test(crc32);
}
