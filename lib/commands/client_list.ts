/**
 * CLIENT LIST, CLIENT INFO and the line that describes a client.
 *
 *     id=3 addr=127.0.0.1:49850 laddr=127.0.0.1:6379 fd=8 name= age=0 idle=0 flags=N db=0 ...
 *
 * Fields and their order are those of Redis 7.0. The figures are this server's own: replies wait in
 * one writer, so `obl` and `omem` are both its bytes and `oll`, the length of Redis's list of
 * further buffers, is 0; `tot-mem` is the sum of the buffers, without the objects around them.
 */

import type { Args } from "../resp/args.ts";
import type { Client } from "./client.ts";
import { clientSubcommand, type ClientType, clientType, unknownType } from "./client_subcommand.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { countedOutput_bytes, outputBlocks, OWN_BUFFER_BYTES } from "./output_blocks.ts";

const INVALID_ID = "ERR Invalid client ID";

const list = clientSubcommand({
  name: "list",
  arity: -2,
  admin: true,
  since: "2.4.0",
  summary: "Describes the connected clients, one a line.",
  complexity: "O(N) where N is the number of client connections",
  syntax: "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
  tips: ["nondeterministic_output"],
  history: [
    ["2.8.12", "Added unique client `id` field."],
    ["5.0.0", "Added optional `TYPE` filter."],
    ["6.0.0", "Added `user` field."],
    [
      "6.2.0",
      "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter.",
    ],
    ["7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."],
    ["7.0.3", "Added `ssub` field."],
  ],
  run(ctx) {
    const chosen = chosenClients(ctx);
    if (chosen === undefined) return;

    let text = "";
    const now_ms = ctx.server.clock.now_ms();
    for (const client of chosen) text += `${clientLine(client, ctx, now_ms)}\n`;
    ctx.reply.verbatim("txt", text);
  },
});

const info = clientSubcommand({
  name: "info",
  arity: 2,
  since: "6.2.0",
  summary: "Describes this connection in a line.",
  complexity: "O(1)",
  syntax: "",
  tips: ["nondeterministic_output"],
  run(ctx) {
    ctx.reply.verbatim("txt", `${clientLine(ctx.client, ctx, ctx.server.clock.now_ms())}\n`);
  },
});

/** CLIENT LIST and INFO. */
export const clientListCommands = [list, info] as const;

/** Whether a client is of a type: there are no replicas yet. */
export function isOfType(client: Client, type: ClientType): boolean {
  return type === (client.subscriptions === undefined ? "normal" : "pubsub");
}

/** The clients that CLIENT LIST is asked for; undefined: an error has been answered. */
function chosenClients({ args, server, reply }: Context): readonly Client[] | undefined {
  const all = () => [...server.clients.all()];
  if (args.count === 2) return all();
  if (args.count === 4 && args.is(2, "TYPE")) {
    const type = clientType(args.text(3));
    if (type === undefined) return void reply.error(unknownType(args.text(3)));
    return all().filter((client) => isOfType(client, type));
  }
  if (args.count < 4 || !args.is(2, "ID")) return void reply.error(SYNTAX_ERROR);
  const chosen: Client[] = [];
  for (let i = 3; i < args.count; i++) {
    const id = args.int64(i);
    if (id === undefined) return void reply.error(INVALID_ID);
    const client = server.clients.find(Number(id));
    if (client !== undefined) chosen.push(client);
  }
  return chosen;
}

/** A client in a line, without the line end; `ctx` is the command that asks. */
function clientLine(client: Client, ctx: Context, now_ms: number): string {
  const { link, reply, subscriptions } = client;
  const transaction = transactionOf(client);
  const buffered_bytes = (link?.inputBytes ?? 0) + (link?.inputFreeBytes ?? 0);
  // The command that asks has been decoded, and still stands in the buffer.
  const asking_bytes = client === ctx.client ? commandBytes(ctx.args) : 0;
  const inputBytes = Math.min((link?.inputBytes ?? 0) + asking_bytes, buffered_bytes);
  const inputFreeBytes = buffered_bytes - inputBytes;
  const outputBytes = link?.outputBytes ?? 0;
  const argumentBytes = client === ctx.client ? ctx.args.size_bytes : 0;
  const queuedBytes = transaction?.queuedBytes ?? 0;
  const total_bytes = buffered_bytes + argumentBytes + queuedBytes +
    Math.max(outputBytes, reply.bufferBytes);
  const events = outputBytes > 0 && client !== ctx.client ? "rw" : "r";
  return `id=${client.id} addr=${link?.address ?? ""} laddr=${link?.localAddress ?? ""}` +
    ` fd=${link?.fd ?? -1} name=${client.name} age=${wholeSeconds(now_ms - client.created_ms)}` +
    ` idle=${wholeSeconds(now_ms - client.lastActive_ms)} flags=${flagsOf(client)}` +
    ` db=${client.db.index} sub=${subscriptions?.channel.size ?? 0}` +
    ` psub=${subscriptions?.pattern.size ?? 0} ssub=${subscriptions?.shard.size ?? 0}` +
    ` multi=${transaction?.commands.length ?? -1} qbuf=${inputBytes}` +
    ` qbuf-free=${inputFreeBytes} argv-mem=${argumentBytes} multi-mem=${queuedBytes}` +
    ` rbs=${reply.bufferBytes} rbp=${reply.length}` +
    ` obl=${Math.min(outputBytes, OWN_BUFFER_BYTES)} oll=${outputBlocks(outputBytes)}` +
    ` omem=${countedOutput_bytes(outputBytes)} tot-mem=${total_bytes} events=${events}` +
    ` cmd=${client.lastCommand?.fullName ?? "NULL"} user=default redir=-1` +
    ` resp=${reply.resp3 ? 3 : 2}`;
}

/** The transaction that is gathered, or that EXEC runs. */
function transactionOf({ transaction, executing }: Client): Client["transaction"] {
  return transaction ?? executing;
}

function flagsOf(client: Client): string {
  let flags = "";
  if (client.isMonitor) flags += "O";
  if (client.subscriptions !== undefined) flags += "P";
  if (transactionOf(client) !== undefined) flags += "x";
  if (client.unblock !== undefined || client.paused) flags += "b";
  if (client.dirty) flags += "d";
  if (client.closing) flags += "c";
  if (client.link?.isUnix === true) flags += "U";
  if (client.noEvict) flags += "e";
  return flags === "" ? "N" : flags;
}

/** The clock may have been set back meanwhile. */
function wholeSeconds(span_ms: number): number {
  return Math.max(0, Math.floor(span_ms / 1000));
}

/** Bytes of a command as clients send it: `*2\r\n$6\r\nCLIENT\r\n$4\r\nLIST\r\n`. */
function commandBytes(args: Args): number {
  const lineBytes = (count: number) => `$${count}\r\n`.length;
  let size = lineBytes(args.count);
  for (let i = 0; i < args.count; i++) size += lineBytes(args.length(i)) + args.length(i) + 2;
  return size;
}
