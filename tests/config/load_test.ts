import { findDirective } from "../../lib/config/directives.ts";
import { ConfigError } from "../../lib/config/errors.ts";
import { NotifyFlag } from "../../lib/config/notify_flags.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "../kit/assert.ts";
import { configOf, load } from "./oracle.ts";

function refusal(text: string): string {
  const error = assertThrows(() => configOf(text), ConfigError);
  return error.message;
}

Deno.test("a file sets values; comments, blank lines and letter case do not matter", () => {
  const { values } = configOf("# port 1\n\n  PORT 7000\r\n\tAppendOnly YES\ntimeout 5\ntimeout 6");
  assertStrictEquals(values.port, 7000);
  assertStrictEquals(values.appendonly, true);
  assertStrictEquals(values.timeout, 6);
  assertStrictEquals(values.appendfsync, "everysec");
});

Deno.test("a bad line is named with file, number, text and reason", () => {
  assertStrictEquals(
    refusal("port 1\n\n  appendfsync sometimes\n"),
    "redis.conf:3: 'appendfsync sometimes': must be everysec, always or no",
  );
  assertStrictEquals(
    refusal("appendonly maybe"),
    "redis.conf:1: 'appendonly maybe': must be yes or no",
  );
  assertStrictEquals(
    refusal("port 70000"),
    "redis.conf:1: 'port 70000': must be between 0 and 65535",
  );
  assertStrictEquals(
    refusal("nosuch 1"),
    "redis.conf:1: 'nosuch 1': there is no directive 'nosuch'",
  );
  assertStrictEquals(refusal('dir "x'), `redis.conf:1: 'dir "x': unbalanced quotes`);
  assertStrictEquals(refusal("port 1 2"), "redis.conf:1: 'port 1 2': wrong number of arguments");
  assertStrictEquals(refusal("port"), "redis.conf:1: 'port': wrong number of arguments");
  assertMatch(refusal("maxmemory 10%"), /must be a size such as/);
});

Deno.test("what would be unsafe to ignore is refused", () => {
  assertMatch(refusal("user alice on >secret ~* +@all"), /users .* not supported yet$/);
  assertMatch(refusal("loadmodule /x.so"), /modules are not supported$/);
});

Deno.test("lines of rename-command are collected in order, whatever they come from", () => {
  const { config, warnings } = load({
    f: "rename-command GET x\ninclude g\nRename-Command keys 'a b'\n",
    g: 'rename-command SET "\\xc9"\n',
  }, ["f", "--rename-command", "FLUSHALL", ""]);
  assertEquals(config.commandRenames, [
    { name: "GET", newName: "x", place: "f:1: 'rename-command GET x'" },
    { name: "SET", newName: "\xc9", place: `g:1: 'rename-command SET "\\xc9"'` },
    { name: "keys", newName: "a b", place: "f:3: 'Rename-Command keys 'a b''" },
    {
      name: "FLUSHALL",
      newName: "",
      place: `command line: '--rename-command FLUSHALL ""'`,
    },
  ]);
  assertEquals(warnings, []);
  assertEquals(config.get(["rename-command", "*rename*"]), []);
  assertMatch(refusal("rename-command GET"), /takes a command and its new name$/);
});

Deno.test("save lines add up, and an empty one starts over", () => {
  assertStrictEquals(configOf("").text("save"), "3600 1 300 100 60 10000");
  assertStrictEquals(configOf("save 900 1\nsave 300 10").text("save"), "900 1 300 10");
  assertStrictEquals(configOf('save 900 1\nsave ""\nsave 7 7').text("save"), "7 7");
  assertStrictEquals(configOf("save 900 1", ["--save", "5", "5"]).text("save"), "900 1 5 5");
  assertStrictEquals(configOf("save 900 1", ["--save", ""]).text("save"), "");
});

Deno.test("output limits change class by class", () => {
  const config = configOf(
    "client-output-buffer-limit normal 1mb 2mb 3\nclient-output-buffer-limit slave 1 2 3",
  );
  assertStrictEquals(
    config.text("client-output-buffer-limit"),
    "normal 1048576 2097152 3 slave 1 2 3 pubsub 33554432 8388608 60",
  );
  assertEquals(config.values["client-output-buffer-limit"].normal, {
    hard_bytes: 1048576,
    soft_bytes: 2097152,
    soft_seconds: 3,
  });
});

Deno.test("includes are read where they stand, by name and by pattern", () => {
  const { config, sources } = load({
    "/etc/main.conf": "timeout 1\ninclude /etc/d/*.conf\nhz 30\n",
    "/etc/d/a.conf": "timeout 2\nhz 20\n",
    "/etc/d/b.conf": "timeout 3\ninclude /etc/last.conf\n",
    "/etc/last.conf": "loglevel debug\n",
  }, ["/etc/main.conf"]);
  assertStrictEquals(config.values.timeout, 3);
  assertStrictEquals(config.values.hz, 30);
  assertStrictEquals(config.values.loglevel, "debug");
  assertEquals(sources, ["/etc/main.conf", "/etc/d/a.conf", "/etc/d/b.conf", "/etc/last.conf"]);
  assertStrictEquals(config.file, "/etc/main.conf");
});

Deno.test("an include that cannot be read is an error, a pattern without matches is none", () => {
  assertStrictEquals(
    refusal("port 1\ninclude missing.conf"),
    "redis.conf:2: 'include missing.conf': can't read the file: No such file or directory",
  );
  assertThrows(() => load({}, ["gone.conf"]), ConfigError, "gone.conf: can't read the file");
  assertStrictEquals(configOf("include /none/*.conf\nhz 7").values.hz, 7);
});

Deno.test("files that include each other in a circle are an error, not a hang", () => {
  assertMatch(
    refusal("include redis.conf"),
    /^redis.conf:1: .* include each other more than 16 deep$/,
  );
  assertMatch(refusal("include redis.conf\ninclude redis.conf"), /include each other/);
});

Deno.test("standard input overrides the file, the command line overrides both", () => {
  const { config, sources } = load(
    { f: "port 1\ntimeout 1\nhz 11" },
    ["f", "--port", "3"],
    "port 2\ntimeout 2",
  );
  const { port, timeout, hz } = config.values;
  assertEquals([port, timeout, hz], [3, 2, 11]);
  assertEquals(sources, ["/start/f", "standard input", "command line"]);
});

Deno.test("a bad option is named as it was given", () => {
  const error = assertThrows(() => load({}, ["--port", "x y"]), ConfigError);
  assertStrictEquals(error.message, `command line: '--port "x y"': must be a whole number`);
});

Deno.test("a directive without effect gives a warning only when it is not at its default", () => {
  const text = "maxmemory 100mb\nactivedefrag no\nmaxmemory-samples 9\nmaxmemory-samples 5\n" +
    'save ""\nslave-read-only no\nlist-max-ziplist-entries 3\n';
  assertEquals(load({ f: text }, ["f"]).warnings, [
    "f:1: 'maxmemory 100mb': accepted, but without effect in redeno",
    "f:6: 'slave-read-only no': accepted, but without effect in redeno",
    "f:7: 'list-max-ziplist-entries 3': has no effect, not even in Redis",
  ]);
});

Deno.test("dir is absolute, whatever it was given as", () => {
  assertStrictEquals(configOf("").values.dir, "/start");
  assertStrictEquals(configOf("dir ./data/../x/").values.dir, "/start/x");
  assertStrictEquals(configOf("dir a", ["--dir", "b"]).values.dir, "/start/b");
  assertStrictEquals(configOf("dir /srv").text("dir"), "/srv");
});

Deno.test("values that are more than a word are typed", () => {
  const { values } = configOf('bind 127.0.0.1 -::1\nnotify-keyspace-events "KEn$"\nhz 9999');
  assertEquals(values.bind, ["127.0.0.1", "-::1"]);
  const { keyspace, keyevent, string } = NotifyFlag;
  assertStrictEquals(
    values["notify-keyspace-events"],
    keyspace | keyevent | string | NotifyFlag.new,
  );
  assertStrictEquals(values.hz, 500);
  assertEquals(configOf("bind").values.bind, []);
});

Deno.test("the repository's redis.conf loads without a warning and turns the log on", () => {
  const text = Deno.readTextFileSync(new URL("../../redis.conf", import.meta.url));
  const { config, warnings } = load({ "redis.conf": text }, ["redis.conf"]);
  assertEquals(warnings, []);
  assert(config.values.appendonly);
  assertStrictEquals(config.values.dir, "/start/data");
  assertEquals(config.values.bind, ["127.0.0.1", "-::1"]);
  for (const name of Object.keys(config.values)) {
    if (["appendonly", "bind", "dir"].includes(name)) continue;
    assert(config.isDefault(name), `${name} is not at its default`);
    if (findDirective(name)!.hidden) continue;
    assertMatch(text, new RegExp(`^(# )?${name} `, "m"), `${name} is missing`);
  }
});
