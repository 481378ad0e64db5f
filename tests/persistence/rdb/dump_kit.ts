/** What the tests of DUMP and RESTORE share: payloads as bytes, and their checksum. */

import { Buffer } from "node:buffer";
import { Crc64 } from "../../../lib/types/rdb/crc64.ts";
import { assert } from "../../kit/assert.ts";
import { fromLatin1, type RespClient } from "../../kit/resp_client.ts";

/** What DUMP answers. */
export async function dumpOf(client: RespClient, key: string): Promise<Uint8Array> {
  const reply = await client.call("DUMP", key);
  assert(reply.type === "bulk", `DUMP ${key}: ${JSON.stringify(reply)}`);
  return fromLatin1(reply.value);
}

/** A payload with the right checksum: type and value, then the version. */
export function sealed(body: Uint8Array, version = 10): Uint8Array {
  const bytes = Buffer.alloc(body.length + 10);
  bytes.set(body);
  bytes.writeUInt16LE(version, body.length);
  const crc = new Crc64().update(bytes, 0, body.length + 2);
  bytes.writeUInt32LE(crc.low, body.length + 2);
  bytes.writeUInt32LE(crc.high, body.length + 6);
  return bytes;
}

/** The type and value of a payload. */
export function bodyOf(payload: Uint8Array): Uint8Array {
  return payload.subarray(0, payload.length - 10);
}

/** Bytes written as hexadecimal digits; spaces are left out. */
export function hex(text: string): Uint8Array {
  return Buffer.from(text.replace(/\s+/g, ""), "hex");
}
