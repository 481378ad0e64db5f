/** What the tests of DUMP and RESTORE share: payloads as bytes, and their checksum. */

import { Buffer } from "node:buffer";
import { Crc64 } from "../../../lib/types/rdb/crc64.ts";
import { ListpackWriter } from "../../../lib/types/rdb/listpack_writer.ts";
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

/** Puts bytes, hexadecimal digits and texts (`"...`) one behind the other. */
export function join(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) =>
      typeof part !== "string" ? part : part.startsWith('"') ? text(part.slice(1)) : hex(part)
    ),
  );
}

/** A text as RDB has it, below 16384 bytes. */
export function text(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === "string" ? fromLatin1(value) : value;
  const { length } = bytes;
  return Buffer.concat([
    length < 64 ? Buffer.of(length) : Buffer.of(0x40 | (length >> 8), length & 0xff),
    bytes,
  ]);
}

/** A ziplist of texts (below 64 bytes) and integers (of 64 bits), as Redis had before 7.0. */
export function ziplist(...items: readonly (string | bigint)[]): Uint8Array {
  const entries: Buffer[] = [];
  for (const item of items) {
    const before = Buffer.of(entries.at(-1)?.length ?? 0);
    if (typeof item === "string") {
      entries.push(Buffer.concat([before, Buffer.of(item.length), fromLatin1(item)]));
    } else {
      const integer = Buffer.alloc(8);
      integer.writeBigInt64LE(item);
      entries.push(Buffer.concat([before, Buffer.of(0xe0), integer]));
    }
  }
  const body = Buffer.concat(entries);
  const header = Buffer.alloc(10);
  header.writeUInt32LE(11 + body.length, 0);
  header.writeUInt32LE(10 + body.length - (entries.at(-1)?.length ?? 0), 4);
  header.writeUInt16LE(entries.length, 8);
  return Buffer.concat([header, body, Buffer.of(0xff)]);
}

/** A listpack of texts, integers among them kept as such. */
export function listpack(...items: readonly string[]): Uint8Array {
  const writer = new ListpackWriter();
  for (const item of items) writer.pushText(item);
  writer.finish();
  return Buffer.from(writer.bytes.subarray(0, writer.length));
}
