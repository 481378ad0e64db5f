/** Arguments for COMMAND DOCS, read from the notation of the manual. */

import { type CommandRecord, keyAt, keysFrom } from "../../lib/commands/command.ts";
import { type ArgumentDocs, argumentDocs } from "../../lib/commands/syntax_docs.ts";
import { parseSyntax } from "../../lib/commands/syntax_parser.ts";
import { assertEquals, assertThrows } from "../kit/assert.ts";

function record(name: string, syntax: string, more: Partial<CommandRecord> = {}): CommandRecord {
  return {
    name,
    syntax,
    arity: -2,
    flags: [],
    keys: [keyAt(1, "RW")],
    group: "generic",
    since: "1.0.0",
    summary: "",
    complexity: "",
    ...more,
  };
}

/** Arguments in short: `TOKEN type:name{parts}flags`. */
function short(args: readonly ArgumentDocs[]): string {
  return args.map(({ name, type, token, keySpecIndex, flags, arguments: parts }) => {
    const inner = parts === undefined ? "" : `{${short(parts)}}`;
    const index = keySpecIndex === undefined ? "" : `#${keySpecIndex}`;
    const marks = flags.map((flag) => `!${flag}`).join("");
    return `${token === undefined ? "" : `${token} `}${type}:${name}${index}${inner}${marks}`;
  }).join(", ");
}

function documented(name: string, syntax: string, more: Partial<CommandRecord> = {}): string {
  return short(argumentDocs(record(name, syntax, more)));
}

Deno.test("names have types, tokens stand before what they announce", () => {
  assertEquals(
    documented(
      "set",
      "key value [NX | XX] [GET] [EX seconds | PXAT unix-time-milliseconds | KEEPTTL]",
    ),
    "key:key#0, string:value, " +
      "oneof:condition{NX pure-token:nx, XX pure-token:xx}!optional, " +
      "GET pure-token:get!optional, " +
      "oneof:expiration{EX integer:seconds, PXAT unix-time:unix-time-milliseconds, " +
      "KEEPTTL pure-token:keepttl}!optional",
  );
  assertEquals(documented("incrby", "key increment"), "key:key#0, integer:increment");
  assertEquals(documented("incrbyfloat", "key increment"), "key:key#0, double:increment");
});

Deno.test("what is repeated in brackets is multiple, alone or as a block", () => {
  assertEquals(documented("del", "key [key ...]"), "key:key#0!multiple");
  assertEquals(
    documented("mset", "key value [key value ...]"),
    "block:key_value{key:key#0, string:value}!multiple",
  );
  assertEquals(
    documented("info", "[section [section ...]]", { keys: [] }),
    "string:section!optional!multiple",
  );
  assertEquals(
    documented("sort", "key [GET pattern [GET pattern ...]] [LIMIT offset count]"),
    "key:key#0, GET pattern:pattern!optional!multiple!multiple_token, " +
      "LIMIT block:offset_count{integer:offset, integer:count}!optional",
  );
});

Deno.test("a token at the top takes along what follows up to the options", () => {
  assertEquals(
    documented("xread", "[COUNT count] STREAMS key [key ...] id [id ...]", { group: "stream" }),
    "COUNT integer:count!optional, " +
      "STREAMS block:streams{key:key#0!multiple, string:id!multiple}",
  );
  assertEquals(
    documented("xreadgroup", "GROUP group consumer [COUNT count] [NOACK]", { group: "stream" }),
    "GROUP block:group_consumer{string:group, string:consumer}, COUNT integer:count!optional, " +
      "NOACK pure-token:noack!optional",
  );
});

Deno.test("each key knows the key spec that finds it", () => {
  const keys = [keyAt(1, "OW UPDATE"), keysFrom(2, -1, 1, "RO ACCESS")];
  assertEquals(
    documented("sinterstore", "destination key [key ...]", { keys }),
    "key:destination#0, key:key#1!multiple",
  );
  assertEquals(
    documented("zunionstore", "destination numkeys key [key ...] [AGGREGATE <SUM | MIN | MAX>]", {
      keys,
    }),
    "key:destination#0, integer:numkeys, key:key#1!multiple, " +
      "AGGREGATE oneof:aggregate{SUM pure-token:sum, MIN pure-token:min, MAX pure-token:max}!optional",
  );
});

Deno.test("groups within groups become blocks within oneofs", () => {
  assertEquals(
    documented("xtrim", "key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]"),
    "key:key#0, oneof:strategy{MAXLEN pure-token:maxlen, MINID pure-token:minid}, " +
      "oneof:operator{= pure-token:equal, ~ pure-token:approximately}!optional, " +
      "string:threshold, LIMIT integer:count!optional",
  );
  assertEquals(
    documented("geosearch", "key <FROMMEMBER member | FROMLONLAT longitude latitude>"),
    "key:key#0, oneof:from{FROMMEMBER string:member, " +
      "FROMLONLAT block:longitude_latitude{double:longitude, double:latitude}}",
  );
});

Deno.test("notation that is malformed is reported", () => {
  const malformed = ["[a", "a]", "<a]", "a | b", "[]", "[a |]", "a ...", "[a ... b]"];
  for (const syntax of malformed) assertThrows(() => parseSyntax(syntax), SyntaxError);
});
