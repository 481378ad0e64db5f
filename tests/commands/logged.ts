/** What a server has written to its log, as commands. */

import type { Server } from "../kit/oracle.ts";
import { latin1, parseReply, ReplyScanner } from "../kit/resp_reply.ts";

/** The commands in the incremental file of a server's log, each as its words. */
export async function logged(server: Server): Promise<string[]> {
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
      commands.push(
        reply.items.map((item) => "value" in item ? String(item.value) : "?").join(" "),
      );
      at += end;
    }
  }
  return commands;
}
