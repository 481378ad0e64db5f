/**
 * Scripts for several connections to both servers: each line names a connection and what it sends.
 *
 *     A WATCH k
 *     B SET k 2
 *     A MULTI
 *     A EXEC
 *
 * A connection is opened when it is first named. In a word `_` is a space, `\0` a zero byte, `\n` and
 * `\r` line ends, and `""` is an empty argument. Promise: lines are sent one after another, each when
 * the one before has been answered, and replies are the same byte for byte - but for the client's id
 * in the reply to HELLO.
 */

import { assertEquals } from "../kit/assert.ts";
import { type Command, Pair } from "../kit/differential.ts";
import type { Server } from "../kit/oracle.ts";

const ESCAPES: Readonly<Record<string, string>> = { "\\0": "\0", "\\n": "\n", "\\r": "\r", _: " " };

/** Named connections to two servers. */
export class Sessions implements AsyncDisposable {
  readonly #ports: readonly [number, number];
  readonly #pairs = new Map<string, Pair>();

  /** @param left the oracle. @param right redeno. */
  constructor(left: Server, right: Server) {
    this.#ports = [left.port, right.port];
  }

  /** The connection of a name. */
  async pair(name: string): Promise<Pair> {
    const known = this.#pairs.get(name);
    if (known !== undefined) return known;
    const pair = await Pair.open(...this.#ports);
    this.#pairs.set(name, pair);
    return pair;
  }

  /** Runs a script; `# ...` is a remark, `SLEEP ms` waits. */
  async run(script: string): Promise<void> {
    for (const line of script.split("\n").map((each) => each.trim())) {
      if (line === "" || line.startsWith("#")) continue;
      const [name, ...rest] = line.split(/\s+/);
      if (name === "SLEEP") await new Promise((resolve) => setTimeout(resolve, Number(rest[0])));
      else await this.#both(name, words(rest));
    }
  }

  async #both(name: string, command: Command): Promise<void> {
    const pair = await this.pair(name);
    if (!/^hello$/i.test(String(command[0]))) return void await pair.both(...command);
    const [left, right] = await Promise.all([
      pair.left.callRaw(...command),
      pair.right.callRaw(...command),
    ]);
    assertEquals(withoutId(right), withoutId(left), command.join(" "));
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.#pairs.values()) await pair[Symbol.asyncDispose]();
  }
}

/**
 * Runs a script on fresh connections to two servers, which the connection `clean` empties first;
 * `before` is what it must send to be let in.
 */
export async function runScript(
  redis: Server,
  redeno: Server,
  script: string,
  before = "",
): Promise<void> {
  await using sessions = new Sessions(redis, redeno);
  await sessions.run(before);
  await sessions.run("clean FLUSHALL");
  await sessions.run(script);
}

/** The reply to HELLO without the client's id, which is chance. */
export function withoutId(hello: string): string {
  return hello.replace(/(\$2\r\nid\r\n:)\d+/, "$1");
}

/** The words of a script as what is sent. */
export function words(parts: readonly string[]): Command {
  return parts.map((part) =>
    part === '""' ? "" : part.replace(/\\[0nr]|_/g, (escape) => ESCAPES[escape])
  );
}
