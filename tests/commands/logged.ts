/** What a server has written to its log, as commands; and the same for two servers, to compare. */

import { type Command, type Comparison, Pair } from "../kit/differential.ts";
import { readLog } from "../kit/frames.ts";
import { type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { latin1, parseReply, ReplyScanner } from "../kit/resp_reply.ts";

/** The commands in the incremental file of a server's log, each as its words. */
export async function logged(server: Server): Promise<string[]> {
  const dir = `${server.dir}/appendonlydir`;
  const commands: string[] = [];
  for await (const { name } of Deno.readDir(dir)) {
    if (!name.includes(".incr.")) continue;
    const bytes = await readLog(`${dir}/${name}`);
    const scanner = new ReplyScanner();
    for (let at = 0; at < bytes.length;) {
      const end = scanner.scan(bytes.subarray(at));
      if (end === undefined) throw new Error(`${name} ends in the middle of a command`);
      const reply = parseReply(latin1(bytes.subarray(at, at + end)));
      if (reply.type !== "array") throw new Error(`no command: ${JSON.stringify(reply)}`);
      commands.push(
        reply.items.map((item) => "value" in item ? String(item.value) : "?").join(" "),
      );
      at += end;
    }
  }
  return commands;
}

/** A logged command in which times counted from now, which differ from server to server, are `<now+>`. */
export function withoutNow(command: string): string {
  return command.replace(/\b(17|18|19|20)\d{11}\b/g, "<now+>");
}

/** What two servers have logged, each command by {@linkcode withoutNow}. */
export interface BothLogs {
  readonly redis: string[];
  readonly redeno: string[];
}

/** What the real Redis and redeno log of the same commands; their replies are compared as told. */
export async function bothLogs(
  commands: readonly Command[],
  compare: (command: Command) => Comparison = () => ({}),
): Promise<BothLogs> {
  const options = "--appendonly yes --appendfsync always --enable-debug-command yes".split(" ");
  await using redis = await startRedis(options);
  await using redeno = await startRedeno([...options, "--save", ""]);
  await using pair = await Pair.open(redis.port, redeno.port);
  // Whether an expired key is gone already is then up to the commands alone.
  await pair.both("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  for (const command of commands) await pair.bothWith(compare(command), ...command);
  return {
    redis: (await logged(redis)).map(withoutNow),
    redeno: (await logged(redeno)).map(withoutNow),
  };
}
