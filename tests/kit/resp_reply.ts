/**
 * Replies as tests see them: the RESP type is kept, and the exact bytes of a reply can be had.
 *
 * Promise: nothing is lost that a client could tell apart - `$-1`, `*-1` and `_` are three nulls, an
 * error is no simple string - so that two servers can be compared by it. Texts are latin1, one
 * character a byte. This is written apart from the server's own decoder on purpose.
 */

/** One reply of RESP2 or RESP3. */
export type Reply =
  | { type: "simple" | "error" | "bulk" | "bignum" | "double" | "bulk_error"; value: string }
  | { type: "int"; value: number | bigint }
  | { type: "null"; wire: "$-1" | "*-1" | "_" }
  | { type: "bool"; value: boolean }
  | { type: "verbatim"; format: string; value: string }
  | { type: "array" | "set" | "push"; items: Reply[] }
  | { type: "map"; entries: [Reply, Reply][] }
  | { type: "attribute"; entries: [Reply, Reply][]; reply: Reply };

/** What a header byte announces. */
const TEXT_TYPES: Record<string, "simple" | "error" | "bignum" | "double"> = {
  "+": "simple",
  "-": "error",
  "(": "bignum",
  ",": "double",
};
const LIST_TYPES: Record<string, "array" | "set" | "push"> = {
  "*": "array",
  "~": "set",
  ">": "push",
};

/** Thrown where bytes are not RESP. */
export class ProtocolError extends Error {}

/**
 * Finds where a reply ends in bytes that arrive piece by piece. Each byte is looked at once: what
 * was understood is remembered between calls.
 */
export class ReplyScanner {
  #at = 0;
  #pending = 1;

  /** The offset just after the first reply in `bytes`, or undefined while it is incomplete. */
  scan(bytes: Uint8Array): number | undefined {
    while (this.#pending > 0) {
      const line = bytes.indexOf(0x0d, this.#at);
      if (line < 0 || line + 1 >= bytes.length) return undefined;
      if (bytes[line + 1] !== 0x0a) throw new ProtocolError("CR without LF in a header");
      const type = String.fromCharCode(bytes[this.#at]);
      let next = line + 2;
      let announced = 0;
      if (type === "$" || type === "=" || type === "!") {
        const length = count(bytes, this.#at + 1, line);
        if (length >= 0) next += length + 2;
        if (next > bytes.length) return undefined;
        if (length >= 0 && (bytes[next - 2] !== 0x0d || bytes[next - 1] !== 0x0a)) {
          throw new ProtocolError("a bulk string is not followed by CRLF");
        }
      } else if (type in LIST_TYPES) {
        announced = Math.max(0, count(bytes, this.#at + 1, line));
      } else if (type === "%") {
        announced = 2 * count(bytes, this.#at + 1, line);
      } else if (type === "|") {
        announced = 2 * count(bytes, this.#at + 1, line) + 1;
      } else if (!(type in TEXT_TYPES) && !":#_".includes(type)) {
        throw new ProtocolError(`no RESP type begins with ${JSON.stringify(type)}`);
      }
      this.#pending += announced - 1;
      this.#at = next;
    }
    const end = this.#at;
    this.#at = 0;
    this.#pending = 1;
    return end;
  }
}

function count(bytes: Uint8Array, start: number, end: number): number {
  const text = latin1(bytes.subarray(start, end));
  if (!/^(-1|\d+)$/.test(text)) throw new ProtocolError(`bad length ${JSON.stringify(text)}`);
  return Number(text);
}

/** Reads one whole reply from its exact bytes (latin1), as {@linkcode ReplyScanner} cut them. */
export function parseReply(raw: string): Reply {
  const [reply, end] = parseAt(raw, 0);
  if (end !== raw.length) throw new ProtocolError("bytes after the reply");
  return reply;
}

function parseAt(raw: string, start: number): [reply: Reply, end: number] {
  const line = raw.indexOf("\r\n", start);
  const type = raw[start];
  const text = raw.slice(start + 1, line);
  const next = line + 2;
  if (type in TEXT_TYPES) return [{ type: TEXT_TYPES[type], value: text }, next];
  switch (type) {
    case ":":
      return [{ type: "int", value: integer(text) }, next];
    case "_":
      return [{ type: "null", wire: "_" }, next];
    case "#":
      return [{ type: "bool", value: boolean(text) }, next];
    case "$":
    case "=":
    case "!":
      return parseBulk(raw, type, Number(text), next);
    case "%":
      return parseMap(raw, Number(text), next);
    case "|": {
      const [map, end] = parseMap(raw, Number(text), next);
      const [reply, last] = parseAt(raw, end);
      return [{ type: "attribute", entries: map.entries, reply }, last];
    }
    default:
      return parseList(raw, type, Number(text), next);
  }
}

function parseBulk(raw: string, type: string, length: number, start: number): [Reply, number] {
  if (length < 0) return [{ type: "null", wire: "$-1" }, start];
  const value = raw.slice(start, start + length);
  const end = start + length + 2;
  if (type === "$") return [{ type: "bulk", value }, end];
  if (type === "!") return [{ type: "bulk_error", value }, end];
  return [{ type: "verbatim", format: value.slice(0, 3), value: value.slice(4) }, end];
}

function parseList(raw: string, type: string, length: number, start: number): [Reply, number] {
  if (length < 0) return [{ type: "null", wire: "*-1" }, start];
  const items: Reply[] = [];
  let at = start;
  for (let i = 0; i < length; i++) {
    const [item, end] = parseAt(raw, at);
    items.push(item);
    at = end;
  }
  return [{ type: LIST_TYPES[type], items }, at];
}

function parseMap(
  raw: string,
  length: number,
  start: number,
): [{ type: "map"; entries: [Reply, Reply][] }, number] {
  const entries: [Reply, Reply][] = [];
  let at = start;
  for (let i = 0; i < length; i++) {
    const [key, middle] = parseAt(raw, at);
    const [value, end] = parseAt(raw, middle);
    entries.push([key, value]);
    at = end;
  }
  return [{ type: "map", entries }, at];
}

function integer(text: string): number | bigint {
  if (!/^-?\d+$/.test(text)) throw new ProtocolError(`bad integer ${JSON.stringify(text)}`);
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function boolean(text: string): boolean {
  if (text !== "t" && text !== "f") throw new ProtocolError(`bad boolean ${JSON.stringify(text)}`);
  return text === "t";
}

/** Bytes as text, one character a byte. */
export function latin1(bytes: Uint8Array): string {
  const step = 8192;
  let text = "";
  for (let i = 0; i < bytes.length; i += step) {
    text += String.fromCharCode(...bytes.subarray(i, i + step));
  }
  return text;
}
