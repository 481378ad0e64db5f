import { parseCommandLine } from "../../lib/config/command_line.ts";
import { ConfigError } from "../../lib/config/errors.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../kit/assert.ts";

function words(...argv: string[]): (readonly string[])[] {
  return parseCommandLine(argv).overrides.map((override) => override.words);
}

Deno.test("no arguments start the server with defaults", () => {
  assertEquals(parseCommandLine([]), { action: "start", stdin: false, overrides: [] });
});

Deno.test("version and help are recognised in the first place only", () => {
  for (const flag of ["-v", "--version"]) {
    assertStrictEquals(parseCommandLine([flag]).action, "version");
  }
  for (const flag of ["-h", "--help"]) assertStrictEquals(parseCommandLine([flag]).action, "help");
  assertStrictEquals(parseCommandLine(["--requirepass", "-v"]).action, "start");
});

Deno.test("a first word without a dash is the configuration file", () => {
  const line = parseCommandLine(["/etc/redis.conf", "--port", "7000", "--appendfsync", "always"]);
  assertStrictEquals(line.file, "/etc/redis.conf");
  assertEquals(line.overrides.map((override) => override.words), [
    ["port", "7000"],
    ["appendfsync", "always"],
  ]);
});

Deno.test("the first option after a file needs no dashes", () => {
  assertEquals(words("f.conf", "loglevel", "verbose", "--hz '20'"), [
    ["loglevel", "verbose"],
    ["hz", "20"],
  ]);
  assertEquals(words("f.conf", "loglevel"), [["loglevel"]]);
});

Deno.test("values run up to the next option, and may share a word with the name", () => {
  assertEquals(words("--save", "900", "1", "--port 7000", "--bind", "::1"), [
    ["save", "900", "1"],
    ["port", "7000"],
    ["bind", "::1"],
  ]);
});

Deno.test("the word after a name is its value even with dashes", () => {
  assertEquals(words("--requirepass", "--secret", "--port", "1"), [
    ["requirepass", "--secret"],
    ["port", "1"],
  ]);
  assertEquals(words("--slowlog-log-slower-than", "-1"), [["slowlog-log-slower-than", "-1"]]);
});

Deno.test("save without a value switches it off", () => {
  assertEquals(words("--save", ""), [["save", ""]]);
  assertEquals(words("--save"), [["save", ""]]);
  assertEquals(words("--save", "--port", "1"), [["save", ""], ["port", "1"]]);
});

Deno.test("a lone dash in the first or last place reads standard input", () => {
  assertStrictEquals(parseCommandLine(["-"]).stdin, true);
  assertStrictEquals(parseCommandLine(["-", "--port", "1"]).stdin, true);
  const last = parseCommandLine(["f.conf", "--port", "1", "-"]);
  assertStrictEquals(last.stdin, true);
  assertEquals(last.overrides[0].words, ["port", "1"]);
  assertEquals(parseCommandLine(["f.conf", "--bind", "-", "x"]).stdin, false);
});

Deno.test("values keep the bytes of what was typed", () => {
  assertEquals(words("--requirepass", "pä ss"), [["requirepass", "p\xc3\xa4 ss"]]);
});

Deno.test("what is no option is an error", () => {
  assertThrows(() => parseCommandLine(["-x"]), ConfigError, "'-x': options start with --");
  assertThrows(() => parseCommandLine(["f.conf", "-7000"]), ConfigError, "'-7000'");
  assertThrows(() => parseCommandLine(["--"]), ConfigError, "a name is missing");
});
