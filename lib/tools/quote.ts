/** Arguments of commands for people and for programs. */

import { latin1 } from "../memory/bytes.ts";

const SHORT: Readonly<Record<number, string>> = {
  7: "\\a",
  8: "\\b",
  9: "\\t",
  10: "\\n",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};
const PLAIN = /^[ !#-\[\]-~]*$/;

/** `"..."` as MONITOR of Redis shows an argument: what is not printable ASCII is escaped. */
export function quote(bytes: Uint8Array): string {
  const text = latin1(bytes);
  if (PLAIN.test(text)) return `"${text}"`;
  let quoted = '"';
  for (const byte of bytes) {
    if (SHORT[byte] !== undefined) quoted += SHORT[byte];
    else if (byte >= 32 && byte < 127) quoted += String.fromCharCode(byte);
    else quoted += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return quoted + '"';
}

/** Text where the bytes are UTF-8, else `{ "base64": "..." }`: no byte is lost in JSON. */
export function jsonValue(bytes: Uint8Array): string | { readonly base64: string } {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { base64: btoa(latin1(bytes)) };
  }
}
