/**
 * Byte text: a string that holds one byte per character (latin1), so that a password or a path from
 * a file, the command line or a client keeps its exact bytes. Everything in `config/` is byte text;
 * what goes to the operating system as a name is turned into Unicode with {@linkcode fromByteText}.
 */

import { Buffer } from "node:buffer";

/** Unicode text (a command line's word) as byte text: the bytes of its UTF-8 form. */
export function toByteText(unicode: string): string {
  return Buffer.from(unicode, "utf8").toString("latin1");
}

/** Byte text as Unicode, its bytes read as UTF-8: for paths and for showing. */
export function fromByteText(byteText: string): string {
  return Buffer.from(byteText, "latin1").toString("utf8");
}

/** The bytes of byte text. */
export function bytesOf(byteText: string): Uint8Array {
  return Buffer.from(byteText, "latin1");
}
