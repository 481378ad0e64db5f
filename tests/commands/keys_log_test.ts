/** What the commands on keys write to the log, and the key events they tell of: as the real Redis. */

import { Client, type Link } from "../../lib/commands/client.ts";
import { Context, type ServerHandle } from "../../lib/commands/context.ts";
import { keyCommands } from "../../lib/commands/keys.ts";
import { stringCommands } from "../../lib/commands/strings.ts";
import { Config } from "../../lib/config/config.ts";
import { Keyspace } from "../../lib/keyspace/keyspace.ts";
import { SeededRandom } from "../../lib/platform/random.ts";
import { Args } from "../../lib/resp/args.ts";
import { assertEquals, assertGreater } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { latin1, parseReply, ReplyScanner } from "../kit/resp_reply.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** No key expires by itself in here: what is past is said to be so. */
const SCRIPT = `SET a 1
  EXPIRE a 100
  PEXPIRE a 100000
  EXPIREAT a 33000000000
  PEXPIREAT a 33000000000123
  pexpireat a 33000000000124
  EXPIRE nokey 100
  PERSIST a
  PERSIST a
  PERSIST nokey
  EXPIRE a -1
  EXPIRE a 10
  SET a 1
  PEXPIREAT a 1
  SET a 1
  EXPIREAT a 0
  SET a 1
  PEXPIRE a 0
  SET a 1
  SET b 2 PXAT 33000000000123
  RENAME a b
  RENAME b b
  RENAME nokey b
  RENAMENX b c
  RENAMENX c c
  SET d 1
  RENAMENX c d
  COPY c e
  COPY c e
  COPY c e REPLACE
  COPY c c
  COPY nokey e
  COPY c e DB 1
  COPY c e DB 1
  COPY c e DB 1 REPLACE
  MOVE c 2
  MOVE nokey 2
  SET c 1
  MOVE c 2
  UNLINK c nokey c
  SET x 1
  SET y 2
  DEL x y z x
  DEL nokey
  TOUCH d nokey
  EXISTS d nokey
  TYPE d
  TYPE nokey
  TTL d
  PTTL nokey
  EXPIRETIME nokey
  PEXPIRETIME nokey
  KEYS *
  SCAN 0
  RANDOMKEY
  SET x 5
  UNLINK x`;

const COMMANDS = SCRIPT.split("\n").map((line) => line.trim().split(" "));

/** A time that was counted from now differs from server to server. */
function withoutNow(command: string): string {
  return command.replace(/\b(17|18|19|20)\d{11}\b/, "<now+>");
}

/** The commands in the incremental file of a server's log. */
async function logged(server: Server): Promise<string[]> {
  const dir = `${server.dir}/appendonlydir`;
  const commands: string[] = [];
  for await (const { name } of Deno.readDir(dir)) {
    if (!name.includes(".incr.")) continue;
    const bytes = await Deno.readFile(`${dir}/${name}`);
    const scanner = new ReplyScanner();
    for (let at = 0; at < bytes.length;) {
      const end = scanner.scan(bytes.subarray(at));
      if (end === undefined) throw new Error(`${name} ends in the middle of a command`);
      const reply = parseReply(latin1(bytes.subarray(at, at + end)));
      if (reply.type !== "array") throw new Error(`no command: ${JSON.stringify(reply)}`);
      const words = reply.items.map((item) => "value" in item ? String(item.value) : "?");
      commands.push(withoutNow(words.join(" ")));
      at += end;
    }
  }
  return commands;
}

Deno.test({
  name: "the log gets absolute times, deletions and nothing that changes nothing",
  ...withRedis,
  fn: async () => {
    const options = ["--appendonly", "yes", "--appendfsync", "always"];
    await using redis = await startRedis(options);
    await using redeno = await startRedeno([...options, "--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    for (const command of COMMANDS) {
      const isRandom = command[0] === "SCAN" || command[0] === "KEYS" || command[0] === "RANDOMKEY";
      await pair.bothWith({ ignore: isRandom }, ...command);
    }
    const wanted = await logged(redis);
    assertGreater(wanted.length, 30);
    assertEquals(await logged(redeno), wanted);
  },
});

const LINK: Link = {
  address: "127.0.0.1:1",
  localAddress: "127.0.0.1:2",
  fd: 3,
  isLocal: true,
  inputBytes: 0,
  inputFreeBytes: 0,
  outputBytes: 0,
  send() {},
  close() {},
};

/** The events that handlers tell of, in order, when they run the commands on an empty keyspace. */
function told(): string[] {
  const events: string[] = [];
  const now_ms = Date.now();
  const keyspace = new Keyspace(16, { k0: 1, k1: 2 }, new SeededRandom(1), now_ms);
  keyspace.notifyClasses = -1;
  keyspace.observer = {
    notify: (db, event, key) => events.push(`${db.index} ${event.name} ${latin1(key)}`),
    expired: (db, key) => events.push(`${db.index} expired ${latin1(key)}`),
  };
  // The handlers of these groups ask the server for nothing else.
  const server = {
    keyspace,
    config: new Config({ directory: "/" }),
    effects: { active: false },
  } as unknown as ServerHandle;
  const client = new Client(1, keyspace.database(0), now_ms, LINK);
  const commands = new Map([...stringCommands, ...keyCommands].map((each) => [each.name, each]));
  for (const words of COMMANDS) {
    const command = commands.get(words[0].toLowerCase());
    if (command?.run === undefined) throw new Error(`no such command: ${words[0]}`);
    command.run(new Context(server, client, Args.of(...words), command));
  }
  return events;
}

/** The events that subscribers of the real Redis hear of. */
async function heard(): Promise<string[]> {
  await using redis = await startRedis(["--notify-keyspace-events", "EAmn"]);
  await using listener = await connect(redis.port);
  await using client = await connect(redis.port);
  await listener.call("PSUBSCRIBE", "__keyevent@*");
  for (const command of COMMANDS) await client.call(...command);
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

Deno.test({
  name: "handlers tell of the events of keys that Redis tells of, in its order",
  ...withRedis,
  fn: async () => {
    const wanted = await heard();
    assertGreater(wanted.length, 50);
    assertEquals(told(), wanted);
  },
});
