/** LATENCY DOCTOR GRAPH HELP HISTOGRAM HISTORY LATEST RESET: what held the server up, and when. */

import { command, type CommandRecord } from "./command.ts";
import type { CommandData } from "./command_data.ts";
import type { Context } from "./context.ts";
import type { DurationHistogram } from "./duration_histogram.ts";
import { replyHelp } from "./help.ts";
import { latencyReport } from "./latency_doctor.ts";
import { latencyGraph } from "./latency_graph.ts";

const HELP = [
  "DOCTOR",
  "    Return a human readable latency analysis report.",
  "GRAPH <event>",
  "    Return an ASCII latency graph for the <event> class.",
  "HISTORY <event>",
  "    Return time-latency samples for the <event> class.",
  "LATEST",
  "    Return the latest latency samples for all events.",
  "RESET [<event> ...]",
  "    Reset latency data of one or more <event> classes.",
  "    (default: reset all data for all event classes)",
  "HISTOGRAM [COMMAND ...]",
  "    Return a cumulative distribution of latencies in the format of a histogram for the " +
  "specified command names.",
  "    If no commands are specified then all histograms are replied.",
];

/** What the records of the subcommands have in common. */
const shared = {
  flags: ["admin", "noscript", "loading", "stale"],
  group: "server",
  since: "2.8.13",
  complexity: "O(1)",
  syntax: "",
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
} satisfies Partial<CommandRecord>;

const doctor = command({
  ...shared,
  name: "doctor",
  arity: 2,
  summary: "Reports what held the server up, with advice.",
  run: ({ reply, server }) => reply.verbatim("txt", latencyReport(server)),
});

const graph = command({
  ...shared,
  name: "graph",
  arity: 3,
  summary: "Draws the samples of an event.",
  syntax: "event",
  run({ args, reply, server }) {
    const event = args.text(2);
    const series = server.latency.find(event);
    if (series === undefined) {
      return reply.error(`ERR No samples available for event '${event}'`);
    }

    reply.verbatim("txt", latencyGraph(series, Math.floor(server.clock.now_ms() / 1000)));
  },
});

const help = command({
  ...shared,
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  tips: [],
  summary: "Tells what the subcommands do.",
  run: ({ reply }) => replyHelp(reply, "LATENCY", HELP),
});

const histogram = command({
  ...shared,
  name: "histogram",
  arity: -2,
  since: "7.0.0",
  summary: "Returns how the times of commands are distributed.",
  complexity: "O(N) where N is the number of commands with latency information being retrieved.",
  syntax: "[command [command ...]]",
  run(ctx) {
    const found = askedCommands(ctx).filter(({ usage }) => usage.histogram !== undefined);

    ctx.reply.map(found.length);
    for (const { fullName, usage } of found) {
      ctx.reply.bulkText(fullName);
      replyHistogram(ctx, usage.histogram!);
    }
  },
});

const history = command({
  ...shared,
  name: "history",
  arity: 3,
  summary: "Returns the samples of an event.",
  syntax: "event",
  run({ args, reply, server }) {
    const samples = server.latency.find(args.text(2))?.samples() ?? [];

    reply.array(samples.length);
    for (const { time_s, latency_ms } of samples) {
      reply.array(2);
      reply.integer(time_s);
      reply.integer(latency_ms);
    }
  },
});

const latest = command({
  ...shared,
  name: "latest",
  arity: 2,
  summary: "Returns the last sample of every event.",
  run({ reply, server }) {
    const all = [...server.latency.all()];

    reply.array(all.length);
    for (const series of all) {
      const { time_s, latency_ms } = series.samples().at(-1)!;
      reply.array(4);
      reply.bulkText(series.event);
      reply.integer(time_s);
      reply.integer(latency_ms);
      reply.integer(series.max_ms);
    }
  },
});

const reset = command({
  ...shared,
  name: "reset",
  arity: -2,
  summary: "Forgets the samples of some events, or of all.",
  syntax: "[event [event ...]]",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  run({ args, reply, server }) {
    const events: string[] = [];
    for (let i = 2; i < args.count; i++) events.push(args.text(i));
    if (events.length === 0) { for (const { event } of server.latency.all()) events.push(event); }

    let count = 0;
    for (const event of events) if (server.latency.reset(event)) count++;
    reply.integer(count);
  },
});

/** LATENCY. */
export const latencyCommand = command({
  name: "latency",
  arity: -2,
  flags: [],
  group: "server",
  since: "2.8.13",
  summary: "Tells what held the server up.",
  complexity: "Depends on subcommand.",
  syntax: "",
  subcommands: [doctor, graph, help, histogram, history, latest, reset],
});

/** The commands named, or all; of a container its subcommands. */
function askedCommands({ args, server }: Context): CommandData[] {
  const named: CommandData[] = [];
  if (args.count === 2) named.push(...server.commands.values());
  for (let i = 2; i < args.count; i++) {
    const [name, sub] = args.text(i).toLowerCase().split("|");
    const container = server.commands.get(name);
    const found = sub === undefined ? container : container?.subcommandTable?.get(sub);
    if (found !== undefined) named.push(found);
  }
  return named.flatMap((each) => [each, ...each.subcommands ?? []]);
}

function replyHistogram({ reply }: Context, histogram: DurationHistogram): void {
  const steps = [...histogram.coarse()];
  reply.map(2);
  reply.bulkText("calls");
  reply.integer(histogram.total);
  reply.bulkText("histogram_usec");
  reply.map(steps.length);
  for (const { upTo_us, count } of steps) {
    reply.integer(upTo_us);
    reply.integer(count);
  }
}
