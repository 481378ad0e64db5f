/**
 * A run of the same commands on both servers, with all that must be equal in the end.
 *
 * Promise: equal are the replies, the keyspace events, the digests of all data; redeno's digest is
 * the same after its log is loaded again; each reads the other's dumps; and what differs is shrunk to the shortest sequence.
 */

import { type Comparison, formatCommand, Pair, type Step } from "../kit/differential.ts";
import { sameReply } from "../kit/compare.ts";
import type { Server } from "../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../kit/resp_client.ts";
import { DATABASES, KEYS } from "./everything_commands.ts";
import { shortestFailing } from "../kit/shrink.ts";
import { startRedis } from "../kit/oracle.ts";

/** What differed, after which step. */
interface Difference {
  readonly at: number;
  readonly what: string;
  readonly left: string;
  readonly right: string;
}

/** A difference, if the texts are not the same. */
type Compare = (what: string, left: string, right: string) => Difference | undefined;

/** Both servers, and how each run begins. */
export interface Place {
  /** The oracle. */
  readonly redis: Server;
  /** The server under test; it writes a log. */
  readonly redeno: Server;
  /** Sent first, to both. */
  readonly setup: readonly Command[];
}

const BATCH = 50;
const REPLAYS_MAX = 300;
const EVENTS = "__keyevent@*";
const MARK = "the end of the run";

/** Sends the steps to both servers. @throws {Error} with the shortest sequence that differs. */
export async function runEverything(place: Place, steps: readonly Step[]): Promise<void> {
  const found = await replay(place, steps);
  if (found === undefined) return;
  let last = found;
  let replays = 0;
  const shortest = await shortestFailing(steps.slice(0, found.at + 1), async (some) => {
    if (replays++ >= REPLAYS_MAX) return undefined;
    const again = await replay(place, some);
    if (again === undefined || again.what !== found.what) return undefined;
    last = again;
    return again.at;
  });
  const lines = shortest.map((step, i) => `  ${i + 1}) ${formatCommand(step.command)}`);
  throw new Error([
    `${found.what} differ after step ${found.at + 1} of ${steps.length}; the shortest sequence is`,
    ...lines.slice(-100),
    `  redis:  ${JSON.stringify(last.left)}`,
    `  redeno: ${JSON.stringify(last.right)}`,
  ].join("\n"));
}

async function replay(place: Place, steps: readonly Step[]): Promise<Difference | undefined> {
  await using listeners = await Pair.open(place.redis.port, place.redeno.port);
  await using pair = await Pair.open(place.redis.port, place.redeno.port);
  await pair.both("FLUSHALL");
  for (const command of place.setup) await pair.bothWith({ ignore: true }, ...command);
  await listeners.both("PSUBSCRIBE", EVENTS);
  await listeners.both("SUBSCRIBE", MARK);
  const found = await sendAll(pair, steps);
  if (found !== undefined) return found;
  const at = steps.length - 1;
  const compare: Compare = (what, left, right) =>
    left === right ? undefined : { at, what, left, right };
  await pair.bothWith({ ignore: true }, "DISCARD");
  await pair.bothWith({ ignore: true }, "PUBLISH", MARK, "");
  const [left, right] = await Promise.all([events(listeners.left), events(listeners.right)]);
  const event = left.findIndex((text, i) => text !== right[i]);
  if (event >= 0 || left.length !== right.length) {
    const from = event < 0 ? left.length : event;
    const part = (all: string[]) => all.slice(Math.max(0, from - 3), from + 4).join(" | ");
    return { at, what: "the events", left: part(left), right: part(right) };
  }
  const digests = await Promise.all([digest(pair.left), digest(pair.right)]);
  return compare("the digests", digests[0], digests[1]) ??
    await afterReload(pair.right, digests[1], compare) ??
    await afterExchange(pair, compare);
}

/** Each server gets the values of the other, as DUMP gives them: the data stays the same. */
async function afterExchange(pair: Pair, compare: Compare): Promise<Difference | undefined> {
  for (const db of DATABASES) {
    await pair.both("SELECT", db);
    for (const key of KEYS) {
      const [left, right] = [await pair.left.call("DUMP", key), await pair.right.call("DUMP", key)];
      if (left.type !== "bulk" || right.type !== "bulk") continue;
      const replies = [
        await pair.left.callRaw("RESTORE", key, "0", right.value, "REPLACE"),
        await pair.right.callRaw("RESTORE", key, "0", left.value, "REPLACE"),
        await pair.left.callRaw("XINFO", "GROUPS", key),
        await pair.right.callRaw("XINFO", "GROUPS", key),
      ];
      const difference = compare(`the replies to the dump of ${key}`, replies[0], replies[1]) ??
        compare(`the groups in the dump of ${key}`, replies[2], replies[3]);
      if (difference !== undefined) return difference;
    }
  }
  const [left, right] = [await digest(pair.left), await digest(pair.right)];
  return compare("the digests after an exchange of dumps", left, right);
}

async function afterReload(
  redeno: RespClient,
  before: string,
  compare: Compare,
): Promise<Difference | undefined> {
  const reloaded = await redeno.callRaw("DEBUG", "RELOAD");
  return compare("the replies to a reload", "+OK\r\n", reloaded) ??
    compare("the digests before and after redeno's reload", before, await digest(redeno));
}

async function sendAll(pair: Pair, steps: readonly Step[]): Promise<Difference | undefined> {
  for (let start = 0; start < steps.length; start += BATCH) {
    const part = steps.slice(start, start + BATCH);
    const commands = part.map((step) => step.command);
    const [left, right] = await Promise.all([
      pair.left.pipelineRaw(commands),
      pair.right.pipelineRaw(commands),
    ]);
    const i = part.findIndex((step, k) => !sameReply(left[k], right[k], comparison(step)));
    if (i >= 0) return { at: start + i, what: "the replies", left: left[i], right: right[i] };
  }
  return undefined;
}

function comparison(step: Step): Comparison {
  return step.compare ?? {};
}

/** What was published until the mark, each as channel and key. */
async function events(client: RespClient): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const message = await client.read();
    if (message.type !== "array" && message.type !== "push") throw new Error("not a message");
    const [kind, , channel, key] = message.items.map((item) =>
      "value" in item ? String(item.value) : ""
    );
    if (kind === "message") return inOrder(texts);
    texts.push(`${channel} ${JSON.stringify(key)}`);
  }
}

/** A command that comes upon several expired keys does so in the order of a table. */
function inOrder(events: readonly string[]): string[] {
  const sorted: string[] = [];
  let expired: string[] = [];
  for (const event of events) {
    if (event.includes(":expired ")) {
      expired.push(event);
    } else {
      sorted.push(...expired.sort(), event);
      expired = [];
    }
  }
  return [...sorted, ...expired.sort()];
}

/** The digest of all data, once what has expired is gone. */
async function digest(client: RespClient): Promise<string> {
  for (const db of ["1", "0"]) {
    await client.call("SELECT", db);
    await client.call("SCAN", "0", "COUNT", "10000");
  }
  const text = await client.callRaw("DEBUG", "DIGEST");
  if (!/^\+[0-9a-f]{40}\r\n$/.test(text)) throw new Error(`no digest: ${text}`);
  return text;
}

/** The digest of a real Redis that was started on a copy of redeno's log. */
export async function digestInRedis(redeno: Server): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  try {
    await copyDir(`${redeno.dir}/appendonlydir`, `${dir}/appendonlydir`);
    await using redis = await startRedis(["--appendonly", "yes", "--enable-debug-command", "yes"], {
      dir,
    });
    await using client = await connect(redis.port);
    return await digest(client);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The digest of a running server. */
export async function digestOf(server: Server): Promise<string> {
  await using client = await connect(server.port);
  return await digest(client);
}

async function copyDir(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
