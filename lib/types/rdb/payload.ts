/**
 * What DUMP returns and RESTORE takes: a value on its own, with version and checksum behind it.
 *
 *     <1 byte: type> <value> <2 bytes LE: RDB version> <8 bytes LE: CRC64 of all before>
 */

import type { Buffer } from "node:buffer";
import { Crc64 } from "./crc64.ts";
import { RDB_VERSION_FIELD_EXPIRY } from "./types.ts";
import { uint32At } from "./words.ts";
import type { RdbWriter } from "./writer.ts";

const VERSION_BYTES = 2;
const CHECKSUM_BYTES = 8;
/** Bytes behind the value. */
export const FOOTER_BYTES: number = VERSION_BYTES + CHECKSUM_BYTES;

const crc = new Crc64();

/** Whether `buf[start .. end)` has a version that can be read and the right checksum. */
export function isPayload(buf: Buffer, start: number, end: number): boolean {
  if (end - start < FOOTER_BYTES) return false;
  if (buf.readUInt16LE(end - FOOTER_BYTES) > RDB_VERSION_FIELD_EXPIRY) return false;
  crc.clear().update(buf, start, end - CHECKSUM_BYTES);
  return uint32At(buf, end - CHECKSUM_BYTES) === crc.low &&
    uint32At(buf, end - CHECKSUM_BYTES / 2) === crc.high;
}

/** Ends a payload that is all `writer` has written. */
export function finishPayload(writer: RdbWriter, version: number): void {
  writer.uint16(version);
  crc.clear().update(writer.buf, 0, writer.length);
  writer.uint32(crc.low);
  writer.uint32(crc.high);
}
