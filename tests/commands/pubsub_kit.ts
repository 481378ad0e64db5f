/**
 * Scripts for connections that get more than they ask for: each line names a connection and what it
 * sends; noted is everything that any connection has got by then, as exact bytes.
 */

import type { Server } from "../kit/oracle.ts";
import { encodeCommand } from "../kit/resp_client.ts";
import { latin1 } from "../kit/resp_reply.ts";

/** A line of a script, and what each connection got after it. */
export interface Exchange {
  readonly line: string;
  /** By the connection's name; `closed` at the end where the server closed it. */
  readonly answers: Readonly<Record<string, string>>;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\0": "\0", "\\n": "\n", "\\r": "\r" };
/** When nothing more has come for so long, nothing more will come. */
const QUIET_MS = 6;
/** Most lines are answered; for an answer this much time is given. */
const ANSWER_MS = 60;
/** At the end, what is still under way is waited for. */
const END_MS = 100;

/** Runs a script on fresh connections; in a word `\0`, `\r` and `\n` are escapes, `""` is empty. */
export async function exchange(server: Server, script: string): Promise<Exchange[]> {
  const wires = new Map<string, Wire>();
  const exchanges: Exchange[] = [];
  try {
    for (const line of script.split("\n").map((each) => each.trim())) {
      const [name, ...words] = line.split(/\s+/);
      let wire = wires.get(name);
      if (wire === undefined) wires.set(name, wire = await Wire.open(server.port));
      await wire.send(words.map(unescape));
      await quiet([...wires.values()], wire);
      const answers: Record<string, string> = {};
      for (const [each, { received }] of wires) {
        if (received !== "") answers[each] = withoutId(received);
      }
      for (const each of wires.values()) each.received = "";
      exchanges.push({ line, answers });
    }
    await new Promise((resolve) => setTimeout(resolve, END_MS));
    const late = [...wires].map(([name, { received }]) => [name, withoutId(received)]);
    exchanges.push({ line: "the end", answers: Object.fromEntries(late) });
  } finally {
    for (const wire of wires.values()) await wire.close();
  }
  return exchanges;
}

/** All that a connection got, whichever line it came after. */
export function allReceived(exchanges: readonly Exchange[]): Record<string, string> {
  const all: Record<string, string> = {};
  for (const { answers } of exchanges) {
    for (const [name, text] of Object.entries(answers)) all[name] = (all[name] ?? "") + text;
  }
  return all;
}

/** Waits until the one asked has answered, or had time to, and nothing more comes for anybody. */
async function quiet(wires: readonly Wire[], asked: Wire): Promise<void> {
  const began_ms = performance.now();
  for (;;) {
    const before = wires.map((wire) => wire.received.length).join();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const isQuiet = before === wires.map((wire) => wire.received.length).join();
    const hasAnswered = asked.received !== "" || performance.now() - began_ms > ANSWER_MS;
    if (isQuiet && hasAnswered) return;
  }
}

function unescape(word: string): string {
  return word === '""' ? "" : word.replace(/\\[0nr]/g, (escape) => ESCAPES[escape]);
}

/** The reply to HELLO without the client's id, which is chance. */
function withoutId(hello: string): string {
  return hello.replace(/(\$2\r\nid\r\n:)\d+/, "$1");
}

/** A connection that reads all the time. */
class Wire {
  received = "";
  readonly #conn: Deno.Conn;
  readonly #reading: Promise<void>;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.#reading = this.#read();
  }

  static async open(port: number): Promise<Wire> {
    return new Wire(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async send(words: readonly string[]): Promise<void> {
    await this.#conn.write(encodeCommand(words) as Uint8Array<ArrayBuffer>);
  }

  async close(): Promise<void> {
    this.#conn.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const count = await this.#conn.read(chunk);
        if (count === null) break;
        this.received += latin1(chunk.subarray(0, count));
      }
      this.received += "closed";
    } catch {
      // closed by this side, or reset by the other: nothing more comes either way
    }
  }
}
