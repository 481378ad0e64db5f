/**
 * Several connections to both servers, some of which wait: for commands that block.
 *
 *     await using room = new BlockingRoom(redis, redeno);
 *     await room.run(`
 *       A BLPOP k 0
 *       B RPUSH k x`);
 *
 * Each line names a connection and what it sends. Promise: a line is done only when, at both
 * servers, every command sent so far has been answered or waits; who has been answered, and with
 * what, is then the same at both, byte for byte. Words are those of `sessions.ts`; `SLEEP ms` lets
 * time pass, `A CLOSE` closes a connection, `#A` stands for the id of A's connection.
 */

import { assertEquals } from "../kit/assert.ts";
import type { Server } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { withoutId, words } from "./sessions.ts";

/** How long servers may take to agree on who waits. */
const SETTLE_MS = 5000;
const LEFT = 0;
const RIGHT = 1;

/** One connection to one server. */
interface Member {
  readonly client: RespClient;
  id: string;
  /** Whether the command sent last has not been answered. */
  waits: boolean;
}

/** Named connections to two servers. */
export class BlockingRoom implements AsyncDisposable {
  readonly #servers: readonly [Server, Server];
  readonly #members = new Map<string, [Member, Member]>();
  #controls: Promise<RespClient[]> | undefined;
  /** Replies of the line under way: `A +OK`. */
  #replies: [string[], string[]] = [[], []];
  #history: string[] = [];

  /** @param left the oracle. @param right redeno. */
  constructor(left: Server, right: Server) {
    this.#servers = [left, right];
  }

  /** Empties both servers, with connections of its own. */
  async clear(): Promise<void> {
    this.#history = [];
    for (const control of await this.#controlled()) await control.call("FLUSHALL");
  }

  /** Whether the connection waits. */
  waits(name: string): boolean {
    return this.#members.get(name)?.[LEFT].waits ?? false;
  }

  /** Runs a script; `# ...` is a remark. */
  async run(script: string): Promise<void> {
    for (const line of script.split("\n").map((each) => each.trim())) {
      if (line !== "" && !line.startsWith("# ")) await this.#line(line);
    }
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    const members = [...this.#members.values()].flat().map(({ client }) => client);
    for (const client of [...members, ...await this.#controls ?? []]) {
      await client[Symbol.asyncDispose]();
    }
  }

  async #line(line: string): Promise<void> {
    this.#history.push(line);
    this.#replies = [[], []];
    const [name, ...rest] = line.split(/\s+/);
    if (name === "SLEEP") {
      await new Promise((resolve) => setTimeout(resolve, Number(rest[0])));
    } else if (rest[0] === "CLOSE") {
      await this.#close(name);
    } else {
      await this.#send(name, rest);
    }
    await Promise.all([this.#settle(LEFT), this.#settle(RIGHT)]);
    const [left, right] = this.#replies.map((replies) => replies.sort());
    assertEquals(right, left, `the replies differ after\n${this.#history.join("\n")}`);
  }

  async #send(name: string, parts: readonly string[]): Promise<void> {
    const pair = await this.#pair(name);
    for (const side of [LEFT, RIGHT]) {
      const named = parts.map((part) =>
        part.startsWith("#") ? this.#members.get(part.slice(1))![side].id : part
      );
      pair[side].waits = true;
      await pair[side].client.send(...words(named));
    }
  }

  async #close(name: string): Promise<void> {
    for (const { client } of await this.#pair(name)) await client[Symbol.asyncDispose]();
    this.#members.delete(name);
  }

  async #pair(name: string): Promise<[Member, Member]> {
    const known = this.#members.get(name);
    if (known !== undefined) return known;
    const open = async (server: Server): Promise<Member> => {
      const client = await connect(server.port);
      const id = (await client.callRaw("CLIENT", "ID")).slice(1, -2);
      return { client, id, waits: false };
    };
    const pair: [Member, Member] = [await open(this.#servers[0]), await open(this.#servers[1])];
    this.#members.set(name, pair);
    return pair;
  }

  /** Reads replies until as many clients are unanswered as the server says that wait. */
  async #settle(side: 0 | 1): Promise<void> {
    const control = (await this.#controlled())[side];
    const deadline = performance.now() + SETTLE_MS;
    // A figure may have been given before the command arrived: the one after its answer counts.
    for (let agreed = 0; agreed < 2;) {
      const clients = String(await control.callRaw("INFO", "clients"));
      const blocked = Number(/blocked_clients:(\d+)/.exec(clients)![1]);
      let waiting = 0;
      for (const [name, pair] of this.#members) {
        const member = pair[side];
        if (!member.waits) continue;
        const reply = await replyOf(member.client);
        if (reply === undefined) {
          waiting++;
          continue;
        }
        member.waits = false;
        this.#replies[side].push(`${name} ${withoutId(reply)}`);
      }
      agreed = waiting === blocked ? agreed + 1 : 0;
      if (performance.now() > deadline) {
        const where = ["redis", "redeno"][side];
        throw new Error(
          `${where}: ${blocked} clients wait, ${waiting} have no answer after\n` +
            this.#history.join("\n"),
        );
      }
    }
  }

  async #controlled(): Promise<readonly RespClient[]> {
    this.#controls ??= Promise.all(this.#servers.map((server) => connect(server.port)));
    return await this.#controls;
  }
}

/** The reply that is there, `closed`, or undefined where there is none yet. */
async function replyOf(client: RespClient): Promise<string | undefined> {
  try {
    return await client.readRawWithin(0);
  } catch (error) {
    if (error instanceof Error && error.message.includes("closed the connection")) return "closed";
    throw error;
  }
}
