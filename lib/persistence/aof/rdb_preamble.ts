/**
 * The RDB that a log may begin with, as far as it can be read without an RDB decoder: one that
 * holds no keys. Redis writes such a base file when it starts empty.
 *
 *     REDIS0010  fa <name> <value> ...  [fe <db> fb <n> <n>]  ff <8 bytes CRC64>
 *
 * Promise: an RDB with anything in it, or with a wrong checksum, is refused; never passed over.
 */

import type { DiskFile } from "../../platform/disk.ts";
import { StorageError } from "../errors.ts";

const MAGIC = "REDIS";
const HEADER_BYTES = 9;
/** An RDB without keys is some 100 bytes; auxiliary fields that do not fit here are not ours. */
const PREAMBLE_BYTES_MAX = 64 * 1024;
/** The RDB versions that are known to keep this format. */
const VERSION_MAX = 99;

const OPCODE_AUX = 0xfa;
const OPCODE_EOF = 0xff;
const CHECKSUM_BYTES = 8;

/**
 * Length in bytes of the RDB at the beginning of a file; 0 if the file does not begin with one.
 *
 * @throws {StorageError} `unsupported` if it holds data, `damaged` if it is broken
 */
export function rdbPreambleLength(file: DiskFile, path: string): number {
  const bytes = readStart(file);
  if (latin1(bytes.subarray(0, MAGIC.length)) !== MAGIC) return 0;
  const version = latin1(bytes.subarray(MAGIC.length, HEADER_BYTES));
  if (!/^[0-9]{4}$/.test(version) || Number(version) < 1 || Number(version) > VERSION_MAX) {
    throw damaged(path, MAGIC.length, `'${version}' is no RDB version`);
  }
  let at = HEADER_BYTES;
  while (bytes[at] === OPCODE_AUX) {
    at = skipString(bytes, skipString(bytes, at + 1, path), path);
  }
  if (at >= bytes.length) throw damaged(path, at, "the RDB has no end");
  if (bytes[at] !== OPCODE_EOF) {
    throw new StorageError(
      "unsupported",
      path,
      at,
      "RDB base not supported yet: the file holds data in RDB format. Let the server that wrote " +
        "it rewrite its log with 'aof-use-rdb-preamble no' (CONFIG SET, then BGREWRITEAOF)",
    );
  }
  return checkEnd(bytes, at + 1, Number(version), path);
}

/** Checks the checksum behind the end mark; returns the offset behind it. */
function checkEnd(bytes: Uint8Array, at: number, version: number, path: string): number {
  if (version < 5) return at; // no checksum before version 5
  const end = at + CHECKSUM_BYTES;
  if (end > bytes.length) throw damaged(path, bytes.length, "the RDB has no end");
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);
  // A stored 0 means that the writer had rdbchecksum off.
  if (stored !== 0n && stored !== crc64(bytes.subarray(0, at))) {
    throw damaged(path, at, "wrong RDB checksum");
  }
  return end;
}

function readStart(file: DiskFile): Uint8Array {
  const bytes = new Uint8Array(Math.min(file.size(), PREAMBLE_BYTES_MAX));
  file.seek(0);
  let length = 0;
  while (length < bytes.length) {
    const count = file.read(bytes.subarray(length));
    if (count === null || count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

/** The offset behind the string (or the integer in its place) that begins at `at`. */
function skipString(bytes: Uint8Array, at: number, path: string): number {
  if (at >= bytes.length) throw damaged(path, at, "the RDB ends within a field");
  const first = bytes[at];
  let end: number;
  switch (first >> 6) {
    case 0: // 6 bits of length
      end = at + 1 + (first & 0x3f);
      break;
    case 1: // 14 bits
      end = at + 2 + (((first & 0x3f) << 8) | bytes[at + 1]);
      break;
    case 3: // an integer of 1, 2 or 4 bytes
      if ((first & 0x3f) > 2) throw damaged(path, at, "unexpected encoding of an auxiliary field");
      end = at + 1 + (1 << (first & 0x3f));
      break;
    default:
      throw damaged(path, at, "unexpected length of an auxiliary field");
  }
  if (!(end <= bytes.length)) throw damaged(path, at, "the RDB ends within a field");
  return end;
}

/** CRC-64 "Jones", bit by bit: a hundred bytes once a start need no table. */
function crc64(bytes: Uint8Array): bigint {
  const reflectedPolynomial = 0x95ac9329ac4bc9b5n;
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1n) === 1n ? (crc >> 1n) ^ reflectedPolynomial : crc >> 1n;
    }
  }
  return crc;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function damaged(path: string, offset: number, reason: string): StorageError {
  return new StorageError("damaged", path, offset, `${reason}. Restore the file from a backup`);
}
