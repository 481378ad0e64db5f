/** LATENCY, INFO latencystats, and the stop watch behind them. */

import { CommandUsage } from "../../lib/commands/command_usage.ts";
import { commands } from "../../lib/commands/table.ts";
import { Context } from "../../lib/commands/context.ts";
import { DurationHistogram, slotOf } from "../../lib/commands/duration_histogram.ts";
import { CommandTimer, markLight } from "../../lib/server/command_timer.ts";
import { LatencyMonitor } from "../../lib/server/latency_monitor.ts";
import { latencyGraph } from "../../lib/commands/latency_graph.ts";
import { Args } from "../../lib/resp/args.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { ManualClock } from "../persistence/kit.ts";
import { plain } from "./introspection_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const always = { sanitizeOps: true, sanitizeResources: true };
const DEBUG = ["--enable-debug-command", "yes"];

Deno.test({ name: "LATENCY answers as Redis does", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  for (const protocol of ["2", "3"]) {
    await pair.bothWith({ ignore: true }, "HELLO", protocol);
    await pair.both("LATENCY");
    await pair.both("LATENCY", "HELP");
    await pair.both("LATENCY", "nosuch");
    await pair.both("CONFIG", "SET", "latency-monitor-threshold", "0");
    await pair.both("LATENCY", "DOCTOR");
    await pair.both("CONFIG", "SET", "latency-monitor-threshold", "1000");
    await pair.both("LATENCY", "DOCTOR");
    await pair.both("LATENCY", "DOCTOR", "x");
    await pair.both("LATENCY", "LATEST");
    await pair.both("LATENCY", "LATEST", "x");
    await pair.both("LATENCY", "HISTORY");
    await pair.both("LATENCY", "HISTORY", "command");
    await pair.both("LATENCY", "GRAPH", "command");
    await pair.both("LATENCY", "GRAPH");
    await pair.both("LATENCY", "RESET");
    await pair.both("LATENCY", "RESET", "command", "nosuch");
    await pair.both("LATENCY", "HISTOGRAM", "nosuch", "get|x", "latency|nosuch");
    await pair.both("CONFIG", "SET", "latency-monitor-threshold", "-1");
  }
});

Deno.test({ name: "spikes are kept and shown as Redis shows them", ...withRedis }, async () => {
  await using redis = await startRedis(DEBUG);
  await using redeno = await startRedeno(DEBUG);
  await using pair = await Pair.open(redis.port, redeno.port);
  await pair.both("CONFIG", "SET", "latency-monitor-threshold", "50");
  await pair.both("DEBUG", "SLEEP", "0.02");
  await pair.both("LATENCY", "LATEST");
  await pair.both("DEBUG", "SLEEP", "0.06");
  const latest = /^\*1\r\n\*4\r\n\$7\r\ncommand\r\n:\d{10}\r\n:[6-9]\d\r\n:[6-9]\d\r\n$/;
  await pair.bothWith({ pattern: latest }, "LATENCY", "LATEST");
  const history = /^\*1\r\n\*2\r\n:\d{10}\r\n:[6-9]\d\r\n$/;
  await pair.bothWith({ pattern: history }, "LATENCY", "HISTORY", "command");
  for (const protocol of ["2", "3"]) {
    await pair.bothWith({ ignore: true }, "HELLO", protocol);
    const graph =
      /^[$=]\d+\r\n(txt:)?command - high \d\d ms, low \d\d ms \(all time high \d\d ms\)\n-{80}\n \n \n \n_\n \n\d\ns\n\r\n$/;
    await pair.bothWith({ pattern: graph }, "LATENCY", "GRAPH", "command");
    const report =
      /^[$=]\d+\r\n(txt:)?Dave, I have observed latency spikes in this Redis instance\. You don't mind talking about it, do you Dave\?\n\n1\. command: 1 latency spikes \(average \d\dms, mean deviation 0ms, period \d\.00 sec\)\. Worst all time event \d\dms\.\n\nI have a few advices for you:\n\n- .*\n- .*\n\r\n$/;
    await pair.bothWith({ pattern: report }, "LATENCY", "DOCTOR");
  }
  await pair.both("LATENCY", "RESET", "nosuch", "command");
  await pair.both("LATENCY", "LATEST");
});

Deno.test({ name: "histograms and percentiles have Redis's form", ...withRedis }, async () => {
  await using redis = await startRedis(DEBUG);
  await using redeno = await startRedeno(DEBUG);
  await using pair = await Pair.open(redis.port, redeno.port);
  await pair.both("CONFIG", "RESETSTAT");
  for (let i = 0; i < 3; i++) await pair.both("GET", "a");
  await pair.both("OBJECT", "FREQ", "a");
  for (const protocol of ["2", "3"]) {
    await pair.bothWith({ ignore: true }, "HELLO", protocol);
    const [outer, inner] = protocol === "2" ? [/\*2/, /\*4/] : [/%1/, /%2/];
    const steps = `[*%]\\d\\r\\n(:\\d+\\r\\n:\\d+\\r\\n)+`;
    const form = new RegExp(
      `^${outer.source}\\r\\n\\$3\\r\\nget\\r\\n${inner.source}\\r\\n\\$5\\r\\ncalls\\r\\n:3\\r\\n` +
        `\\$14\\r\\nhistogram_usec\\r\\n${steps}$`,
    );
    await pair.bothWith({ pattern: form }, "LATENCY", "HISTOGRAM", "GET", "set", "nosuch");
    await pair.bothWith({ pattern: /object\|freq/ }, "LATENCY", "HISTOGRAM", "object");
  }
  await pair.both("CONFIG", "SET", "latency-tracking-info-percentiles", "0 50.5 100");
  const figure = "\\d+\\.\\d{3}";
  const line = `latency_percentiles_usec_get:p0=${figure},p50\\.5=${figure},p100=${figure}\\r\\n`;
  await pair.bothWith({ pattern: new RegExp(line) }, "INFO", "latencystats");
  await pair.both("CONFIG", "SET", "latency-tracking-info-percentiles", "");
  await pair.bothWith({ pattern: /usec_get:\r\n/ }, "INFO", "latencystats");
  await pair.both("CONFIG", "SET", "latency-tracking", "no");
  await pair.both("CONFIG", "RESETSTAT");
  await pair.both("GET", "a");
  await pair.both("LATENCY", "HISTOGRAM", "get");
});

Deno.test({ name: "a histogram counts a long sleep where Redis does", ...withRedis }, async () => {
  await using redis = await startRedis(DEBUG);
  await using redeno = await startRedeno(DEBUG);
  await using pair = await Pair.open(redis.port, redeno.port);
  await pair.both("DEBUG", "SLEEP", "0.6"); // anything from 537 ms on is in the last step
  await pair.both("LATENCY", "HISTOGRAM", "debug");
});

Deno.test({ name: "every call of a pipeline is in the histogram", ...always }, async () => {
  await using redeno = await startRedeno();
  await using client = await connect(redeno.port);
  const batch = Array.from(
    { length: 1000 },
    (_, i) => i % 3 === 0 ? ["SET", "a", "1"] : ["GET", "a"],
  );
  await client.pipeline(batch);
  await client.call("HELLO", "3");
  const found = plain(await client.call("LATENCY", "HISTOGRAM", "get", "set")) as {
    [name: string]: { calls: number };
  };
  assertEquals([found.get.calls, found.set.calls], [666, 334]);
  assertMatch(await client.callRaw("INFO", "commandstats"), /cmdstat_get:calls=666,usec=[1-9]/);
});

Deno.test("durations have two significant digits, from 1 ns to 1 s", () => {
  const histogram = new DurationHistogram();
  for (const us of [0, 0.001, 2, 2, 3, 13, 432, 5_000_000]) histogram.add(slotOf(us / 1000), 1);
  assertEquals(histogram.total, 8);
  // as redis-server 7.0.15 prints 2, 3, 13 and 432 us, and what is over 1 s
  assertEquals([0, 40, 60, 75, 87].map((percent) => histogram.percentile_us(percent)), [
    0.001,
    2.007,
    3.007,
    13.055,
    432.127,
  ]);
  assertEquals(histogram.percentile_us(100), 1002438.655);
  assertEquals([...histogram.coarse()], [
    { upTo_us: 1, count: 2 },
    { upTo_us: 2, count: 4 },
    { upTo_us: 4, count: 5 },
    { upTo_us: 16, count: 6 },
    { upTo_us: 528, count: 7 },
    { upTo_us: 1073741, count: 8 },
  ]);
});

Deno.test("of an event 160 samples are kept, one a second, the longest of each", () => {
  const clock = new ManualClock();
  const monitor = new LatencyMonitor(clock, () => 10);
  monitor.add("aof-write", 9.9);
  assertEquals([...monitor.all()], []);
  const began_s = Math.floor(clock.now_ms() / 1000);
  for (let i = 0; i < 200; i++) {
    monitor.add("aof-write", 10 + i);
    monitor.add("aof-write", 15.7 + i);
    monitor.add("aof-write", 12 + i);
    clock.advance(1000);
  }
  const series = monitor.find("aof-write")!;
  const samples = series.samples();
  assertEquals(samples.length, 160);
  assertEquals(samples[0], { time_s: began_s + 40, latency_ms: 55 });
  assertEquals(samples.at(-1), { time_s: began_s + 199, latency_ms: 214 });
  assertEquals(series.max_ms, 214);
  const lines = latencyGraph(series, began_s + 199).split("\n");
  assertEquals(lines[0], "aof-write - high 214 ms, low 55 ms (all time high 214 ms)");
  assertEquals(lines.slice(2, 6).map((line) => line.length), [80, 80, 80, 80]);
  assert(lines[5].startsWith("_") && lines[10].endsWith("#"), lines.join("\n"));
  assertEquals(monitor.reset("aof-write"), true);
  assertEquals(monitor.reset("aof-write"), false);
});

/** A stop watch on a clock driven by hand, and what it told. */
function stopWatch(slowFrom_us: number, spikeFrom_ms: number) {
  const clock = new ManualClock();
  const told: string[] = [];
  const timer = new CommandTimer({
    clock,
    slowLog: {
      add: (_client, command, args, duration_ms) =>
        told.push(`slow ${command.fullName} ${args?.text(1)} ${duration_ms}`),
    },
    latency: { add: (event, duration_ms) => told.push(`${event} ${duration_ms}`) },
  });
  timer.obey({ slowFrom_us, spikeFrom_ms, tracking: true });
  const ctx: Context = Object.create(Context.prototype);
  const run = (
    name: string,
    arg: string,
    duration_ms: number,
    reply_bytes = 5,
    args = Args.of(name, arg),
  ) => {
    const command = { ...commands.get(name)!, usage: usages[name] };
    const began_ms = timer.start(command.usage, args);
    clock.advance(duration_ms);
    timer.stop(began_ms, ctx, command, args, reply_bytes);
  };
  const usages: Record<string, CommandUsage> = {
    get: new CommandUsage(),
    set: new CommandUsage(),
    smembers: new CommandUsage(),
  };
  for (const name of Object.keys(usages)) {
    markLight([{ ...commands.get(name)!, usage: usages[name] }]);
  }
  return { clock, told, timer, run, usages };
}

Deno.test("slow commands are told whatever runs around them", () => {
  const { told, timer, run, usages } = stopWatch(10_000, 5);
  timer.begin();
  for (let i = 0; i < 20; i++) run("get", `g${i}`, 0);
  run("smembers", "large", 12);
  run("set", "s", 6);
  run("get", "huge", 11, 50_000_000);
  for (let i = 0; i < 20; i++) run("get", `h${i}`, 0);
  timer.end(true);
  timer.endTurn();
  assertEquals(told, [
    "command 12",
    "slow smembers large 12",
    "command 6",
    "fast-command 11",
    "slow get huge 11",
  ]);
  assertEquals(Math.round(usages.get.time_us), 11_000);
  assertEquals(usages.get.histogram!.total, 41);
  assertEquals(usages.smembers.time_us, 12_000);
});

Deno.test("a light command that is held up in a later client's turn is not missed", () => {
  const { clock, told, timer, run, usages } = stopWatch(10_000, 0);
  for (const arg of ["first", "second", "third"]) {
    timer.begin();
    run("get", arg, arg === "third" ? 15 : 0.25);
    timer.end(true);
    clock.advance(0.25); // between two clients
  }
  timer.endTurn();
  clock.advance(1000); // idle
  timer.begin();
  run("get", "later", 0.25);
  timer.end(false);
  timer.endTurn();
  assertEquals(told, ["fast-command 16", "slow get third 16"]);
  assertEquals(usages.get.histogram!.total, 4);
});

Deno.test("the arguments of a slow command are not those of the one decoded after it", () => {
  const { told, timer, run } = stopWatch(10_000, 0);
  const decoded = Args.of("get", "held up");
  timer.begin();
  run("get", "first", 0); // is timed alone
  run("get", "held up", 12, 5, decoded);
  const { buf } = Args.of("smembers", "quick");
  decoded.buf = buf; // as the decoder does
  run("smembers", "quick", 0, 5, decoded);
  timer.end(true);
  timer.endTurn();
  assertEquals(told, ["fast-command 12", "slow get undefined 12"]);
});

Deno.test("what is done aside is no command's time, nor is what comes after it outside of a turn", () => {
  const { clock, told, timer, run } = stopWatch(10_000, 0);
  timer.begin();
  run("get", "first", 0);
  timer.aside(() => clock.advance(50));
  run("get", "second", 0);
  timer.end(true);
  timer.endTurn();
  timer.aside(() => clock.advance(50));
  clock.advance(1000); // idle
  timer.begin();
  run("get", "third", 0);
  timer.end(true);
  timer.endTurn();
  assertEquals(told, []);
});

Deno.test("a threshold below a millisecond has every command timed alone", () => {
  const { told, timer, run, usages } = stopWatch(500, 0);
  timer.begin();
  run("get", "a", 0.25);
  run("get", "b", 0.5);
  run("get", "c", 0.25);
  timer.end(true);
  timer.begin();
  run("get", "d", 0.75);
  timer.end(true);
  timer.endTurn();
  assertEquals(told, [
    "fast-command 0.5",
    "slow get b 0.5",
    "fast-command 0.75",
    "slow get d 0.75",
  ]);
  assertEquals(usages.get.time_us, 1750);
});

Deno.test(
  { name: "the doctor says where the slow log hides what it calls a spike", ...always },
  async () => {
    await using redeno = await startRedeno([...DEBUG, "--latency-monitor-threshold", "5"]);
    await using client = await connect(redeno.port);
    await client.call("DEBUG", "SLEEP", "0.02");
    const report = await client.callRaw("LATENCY", "DOCTOR");
    assertStringIncludes(report, "CONFIG SET slowlog-log-slower-than 5000'");
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", "5000");
    assert(!(await client.callRaw("LATENCY", "DOCTOR")).includes("slowlog-log-slower-than"));
  },
);
