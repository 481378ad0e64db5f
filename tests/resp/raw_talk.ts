/** Talks to a server in raw bytes: a stream goes out, the sender's side is closed, replies come in. */

import { Buffer } from "node:buffer";
import { latin1 } from "../kit/resp_reply.ts";
import type { Seeded } from "../kit/flags.ts";

const TIMEOUT_MS = 5000;
const READ_BYTES = 65536;

/**
 * Everything a server sends until it closes the connection, as latin1. After the stream (latin1)
 * the sending side is closed, so that a server that waits for more closes, too.
 *
 * @throws {Error} where the connection is still open after 5 s
 */
export async function talk(port: number, stream: string): Promise<string> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    conn.close();
  }, TIMEOUT_MS);
  try {
    const [heard] = await Promise.all([hear(conn), say(conn, stream)]);
    if (late) {
      throw new Error(`still open after ${TIMEOUT_MS} ms; sent ${quoted(stream)}, heard ${heard}`);
    }
    return heard;
  } finally {
    clearTimeout(timer);
    if (!late) conn.close();
  }
}

async function say(conn: Deno.TcpConn, stream: string): Promise<void> {
  const bytes = Buffer.from(stream, "latin1");
  try {
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    await conn.closeWrite();
  } catch {
    // The server has closed already: what it said before is what counts.
  }
}

async function hear(conn: Deno.Conn): Promise<string> {
  const chunk = new Uint8Array(READ_BYTES);
  let heard = "";
  try {
    for (let read; (read = await conn.read(chunk)) !== null;) {
      heard += latin1(chunk.subarray(0, read));
    }
  } catch {
    // Reset: the server closed with input unread.
  }
  return heard;
}

/** A long text made short enough for a message. */
export function quoted(text: string): string {
  return text.length <= 300 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 300))}...`;
}

/** Bytes that matter to a decoder, more likely than others. */
const TELLING = [
  "*",
  "$",
  "\r",
  "\n",
  "\r\n",
  "\0",
  "0",
  "1",
  "-",
  " ",
  '"',
  "'",
  "\\",
  "9",
  "\x0b",
];

/** A stream with a few bytes changed, dropped, doubled or put in. */
export function mutated(stream: string, chance: Seeded): string {
  let text = stream;
  for (let times = chance.between(1, 4); times > 0; times--) {
    const at = chance.below(text.length + 1);
    const length = chance.between(1, 4);
    const put = chance.chance(0.8) ? chance.pick(TELLING) : String.fromCharCode(chance.below(256));
    switch (chance.below(4)) {
      case 0:
        text = text.slice(0, at) + put + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + put + text.slice(at + 1);
        break;
      case 2:
        text = text.slice(0, at) + text.slice(at + length);
        break;
      default:
        text = text.slice(0, at + length) + text.slice(at);
    }
  }
  return text;
}
