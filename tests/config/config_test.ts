import { ConfigCommandError } from "../../lib/config/errors.ts";
import { directives } from "../../lib/config/directives.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../kit/assert.ts";
import { configOf } from "./oracle.ts";

Deno.test("get answers names and patterns, whatever the case, each once", () => {
  const config = configOf("maxmemory 10KB");
  assertEquals(config.get(["maxmemory"]), [["maxmemory", "10240"]]);
  assertEquals(config.get(["MAXMEMORY", "maxmemory"]), [["MAXMEMORY", "10240"]]);
  assertEquals(config.get(["P?RT", "port", "[p]ort"]), [["port", "6379"]]);
  assertEquals(config.get(["nosuch", "x*"]), []);
  assertEquals(config.get(["hash-max-*-entries"]), [
    ["hash-max-listpack-entries", "512"],
    ["hash-max-ziplist-entries", "512"],
  ]);
});

Deno.test("set changes the typed value and what get shows", () => {
  const config = configOf("");
  config.set([["appendfsync", "ALWAYS"], ["timeout", "5"], ["hash-max-ziplist-entries", "7"]]);
  assertStrictEquals(config.values.appendfsync, "always");
  assertStrictEquals(config.values.timeout, 5);
  assertStrictEquals(config.values["hash-max-listpack-entries"], 7);
  assertEquals(config.get(["appendfsync"]), [["appendfsync", "always"]]);
});

Deno.test("one bad value leaves all values as they were", () => {
  const config = configOf("");
  const heard: number[] = [];
  config.onChange("timeout", (value) => void heard.push(value));
  assertThrows(
    () => config.set([["timeout", "5"], ["hz", "x"]]),
    ConfigCommandError,
    "CONFIG SET failed (possibly related to argument 'hz') - " +
      "argument couldn't be parsed into an integer",
  );
  assertStrictEquals(config.values.timeout, 0);
  assertEquals(heard, []);
});

Deno.test("a listener that refuses undoes everything and tells the others the old values", () => {
  const heard: string[] = [];
  const config = configOf("enable-protected-configs yes\ntimeout 3");
  config.onChange("timeout", (value) => void heard.push(`timeout ${value}`));
  config.onChange("dir", (value) => {
    heard.push(`dir ${value}`);
    if (value === "/gone") throw new Error("No such file or directory");
  });
  config.onChange("hz", (value) => void heard.push(`hz ${value}`));
  const error = assertThrows(
    () => config.set([["timeout", "9"], ["DIR", "/gone"], ["hz", "20"]]),
    ConfigCommandError,
  );
  assertStrictEquals(
    error.message,
    "CONFIG SET failed (possibly related to argument 'dir') - No such file or directory",
  );
  assertEquals(heard, ["timeout 9", "dir /gone", "dir /start", "timeout 3"]);
  const { timeout, dir, hz } = config.values;
  assertEquals([timeout, dir, hz], [3, "/start", 10]);
  assertStrictEquals(config.text("timeout"), "3");
});

Deno.test("a listener that takes its time holds up the next one and what is set meanwhile", async () => {
  const heard: string[] = [];
  const config = configOf("");
  let finish: ((error?: Error) => void) | undefined;
  config.onChange("port", (value) => {
    heard.push(`port ${value}`);
    return new Promise((resolve, reject) => finish = (error) => error ? reject(error) : resolve());
  });
  config.onChange("hz", (value) => void heard.push(`hz ${value}`));
  const moved = config.set([["port", "7000"], ["hz", "20"]]);
  const later = config.set([["hz", "30"]]);
  assertEquals(heard, ["port 7000"]);
  finish!();
  await Promise.all([moved, later]);
  assertEquals(heard, ["port 7000", "hz 20", "hz 30"]);
  assertStrictEquals(config.set([["hz", "40"]]), undefined);
});

Deno.test("a listener that refuses late undoes everything before the set rejects", async () => {
  const heard: string[] = [];
  const config = configOf("");
  const tick = () => Promise.resolve().then(() => {});
  config.onChange("timeout", async (value) => {
    await tick();
    heard.push(`timeout ${value}`);
  });
  config.onChange("port", async (value) => {
    await tick();
    heard.push(`port ${value}`);
    if (value === 7000) throw new Error("taken");
  });
  const moved = config.set([["timeout", "9"], ["port", "7000"], ["hz", "20"]]);
  const refused = config.set([["nosuch", "1"]]);
  const error = await assertRejects(() => Promise.resolve(moved), ConfigCommandError);
  assertStrictEquals(
    error.message,
    "CONFIG SET failed (possibly related to argument 'port') - taken",
  );
  assertEquals(heard, ["timeout 9", "port 7000", "port 6379", "timeout 0"]);
  assertEquals([config.values.timeout, config.values.port, config.values.hz], [0, 6379, 10]);
  await assertRejects(() => Promise.resolve(refused), ConfigCommandError, "nosuch");
});

Deno.test("hidden directives are shown to those who know their names", () => {
  const config = configOf("");
  const names = new Set(config.get(["*"]).map(([name]) => name));
  const hidden = directives.filter((each) => each.hidden).map(({ name }) => name);
  assert(hidden.length > 0 && hidden.every((name) => !names.has(name)));
  assertEquals(config.get(hidden).map(([name]) => name), hidden);
});

Deno.test("a listener sees all new values, and hears nothing when nothing changes", () => {
  const config = configOf("");
  const heard: [number, number][] = [];
  config.onChange("timeout", (value) => void heard.push([value, config.values.hz]));
  config.set([["timeout", "0"]]);
  config.set([["timeout", "8"], ["hz", "20"]]);
  assertEquals(heard, [[8, 20]]);
});

Deno.test("a flag that the text hides is a change all the same", () => {
  const config = configOf('notify-keyspace-events "KEA"');
  const heard: number[] = [];
  config.onChange("notify-keyspace-events", (value) => void heard.push(value));
  config.set([["notify-keyspace-events", "KEAn"]]);
  assertStrictEquals(config.text("notify-keyspace-events"), "AKE");
  assertStrictEquals(heard.length, 1);
});

Deno.test("protected directives open to everybody, or to this machine only", () => {
  const set = (text: string, local: boolean) => () =>
    configOf(text).set([["dir", "/x"]], { local });
  const refused =
    "CONFIG SET failed (possibly related to argument 'dir') - can't set protected config";
  assertThrows(set("", true), ConfigCommandError, refused);
  assertThrows(set("enable-protected-configs local", false), ConfigCommandError, refused);
  set("enable-protected-configs local", true)();
  set("enable-protected-configs yes", false)();
});

Deno.test("unknown names throw instead of answering undefined", () => {
  const config = configOf("");
  assertThrows(() => config.text("nosuch"), RangeError);
  assertThrows(() => config.load("nosuch", [], { accumulate: false, directory: "/" }), RangeError);
});

Deno.test("every default reads as itself", () => {
  const config = configOf("");
  for (const each of directives) {
    assert(config.isDefault(each.name));
    if (each.name === "dir" || each.name === "replicaof") continue; // shown otherwise than spelled
    assertStrictEquals(config.text(each.name), each.default, each.name);
  }
});
