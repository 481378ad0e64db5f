/** A monitor beside a client, and all that both of them get, so that two servers can be compared. */

import { assertEquals } from "../kit/assert.ts";
import type { Server } from "../kit/oracle.ts";
import { type Command, connect, encodeCommand, type RespClient } from "../kit/resp_client.ts";
import { latin1 } from "../kit/resp_reply.ts";
import { words } from "./sessions.ts";

/** Who sends commands, all at once. */
export interface Step {
  readonly by: "client" | "monitor";
  readonly commands: readonly Command[];
}

/** What both got after one step, without times, ports and the ids of clients. */
export interface Got {
  readonly client: string;
  readonly monitor: string;
}

/** Steps from lines: `c> SET k v`, `m> PING`; with ` ; ` between commands that are sent at once. */
export function steps(script: string): Step[] {
  return script.trim().split("\n").map((line) => {
    const [who, rest] = [line.trim().slice(0, 2), line.trim().slice(3)];
    if (who !== "c>" && who !== "m>") throw new Error(`who sends this: ${line}`);
    const commands = rest.split(" ; ").map((command) => words(command.split(" ")));
    return { by: who === "c>" ? "client" : "monitor", commands };
  });
}

/** A client, and another one that has said MONITOR. */
export class Monitored implements AsyncDisposable {
  #syncs = 0;

  constructor(readonly client: RespClient, readonly monitor: RespClient) {}

  /** Connects both. */
  static async open(server: Server): Promise<Monitored> {
    const [client, monitor] = [await connect(server.port), await connect(server.port)];
    assertEquals(await monitor.callRaw("MONITOR"), "+OK\r\n");
    return new Monitored(client, monitor);
  }

  /** Takes a step; a PING of the same connection, which everybody gets, marks its end. */
  async take({ by, commands }: Step): Promise<Got> {
    const mark = `sync-${++this.#syncs}`;
    const sent = [...commands, ["PING", mark]].map((command) => latin1(encodeCommand(command)));
    await this[by].sendRaw(sent.join(""));
    const client = by === "client" ? await readUntil(this.client, `${mark}\r\n`) : "";
    return {
      client: masked(client),
      monitor: masked(await readUntil(this.monitor, `"PING" "${mark}"\r\n`)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.monitor[Symbol.asyncDispose]();
  }
}

/** Takes all steps on both servers, and compares what is got after each. */
export async function compareSteps(
  redis: Server,
  redeno: Server,
  all: readonly Step[],
): Promise<void> {
  await using expected = await Monitored.open(redis);
  await using actual = await Monitored.open(redeno);
  for (const step of all) {
    const shown = step.commands.map((command) => command.join(" ").slice(0, 200)).join(" ; ");
    assertEquals(await actual.take(step), await expected.take(step), `${step.by}: ${shown}`);
  }
}

/** Reads replies and lines until they hold `text`. */
export async function readUntil(client: RespClient, text: string): Promise<string> {
  let all = "";
  while (!all.includes(text)) all += await client.readRaw();
  return all;
}

/** Without what differs from run to run. */
export function masked(text: string): string {
  return text.replace(/^\+\d{10}\.\d{6} /gm, "+TIME ")
    .replace(/127\.0\.0\.1:\d+/g, "ADDRESS")
    .replace(/id\r\n:\d+/g, "id\r\n:ID")
    .replace(/^:\d{10}\r/gm, ":TIME\r");
}
