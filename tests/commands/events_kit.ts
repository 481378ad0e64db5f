/** Key events, as handlers tell of them and as the real Redis publishes them, for comparison. */

import { Client, type Link } from "../../lib/commands/client.ts";
import type { Command } from "../../lib/commands/command.ts";
import { Context, type ServerHandle } from "../../lib/commands/context.ts";
import { Config } from "../../lib/config/config.ts";
import { Keyspace } from "../../lib/keyspace/keyspace.ts";
import { SeededRandom } from "../../lib/platform/random.ts";
import { Args } from "../../lib/resp/args.ts";
import { type Server, startRedis } from "../kit/oracle.ts";
import { type Command as SentCommand, connect } from "../kit/resp_client.ts";
import { latin1 } from "../kit/resp_reply.ts";

/**
 * The events that the handlers of `records` tell of, in order, when they run a script on an empty
 * keyspace: `0 set k`, the number being that of the database.
 */
export function toldEvents(
  records: readonly Command[],
  script: readonly (readonly string[])[],
): string[] {
  const events: string[] = [];
  const now_ms = Date.now();
  const keyspace = new Keyspace(16, { k0: 1, k1: 2 }, new SeededRandom(1), now_ms);
  keyspace.notifyClasses = -1;
  keyspace.observer = {
    notify: (db, event, key) => events.push(`${db.index} ${event.name} ${latin1(key)}`),
    expired: (db, key) => events.push(`${db.index} expired ${latin1(key)}`),
  };
  // Handlers that need not wait ask the server for nothing else.
  const server = {
    keyspace,
    config: new Config({ directory: "/" }),
    effects: { active: false },
  } as unknown as ServerHandle;
  const client = new Client(1, keyspace.database(0), now_ms, LINK);
  const commands = new Map(records.map((each) => [each.name, each]));
  for (const words of script) {
    const command = commands.get(words[0].toLowerCase());
    if (command?.run === undefined) throw new Error(`no such command: ${words[0]}`);
    command.run(new Context(server, client, Args.of(...words), command));
  }
  return events;
}

const LINK: Link = {
  address: "127.0.0.1:1",
  localAddress: "127.0.0.1:2",
  fd: 3,
  isLocal: true,
  isUnix: false,
  inputBytes: 0,
  inputFreeBytes: 0,
  outputBytes: 0,
  send() {},
  close() {},
};

/** The events that subscribers of the real Redis hear of when it runs the same script. */
export async function heardEvents(script: readonly (readonly string[])[]): Promise<string[]> {
  await using redis = await startRedis();
  return await publishedEvents(redis, script);
}

/** The events that subscribers of a server hear of when it runs a script. */
export async function publishedEvents(
  server: Server,
  script: readonly SentCommand[],
): Promise<string[]> {
  await using listener = await connect(server.port);
  await using client = await connect(server.port);
  await client.call("CONFIG", "SET", "notify-keyspace-events", "EAmn");
  await listener.call("PSUBSCRIBE", "__keyevent@*");
  for (const command of script) await client.call(...command);
  await client.call("PUBLISH", "__keyevent@0__:end", "");
  const events: string[] = [];
  while (events.at(-1) !== "0 end ") {
    const message = await listener.read();
    if (!("items" in message)) throw new Error(`no message: ${JSON.stringify(message)}`);
    const [, , channel, key] = message.items.map((item) => "value" in item ? item.value : "?");
    const [, index, event] = /^__keyevent@(\d+)__:(.*)$/.exec(String(channel))!;
    events.push(`${index} ${event} ${key}`);
  }
  return events.slice(0, -1);
}
