/** Arguments that are kept while their command waits. */

import { KeptArgs } from "../../lib/server/kept_args.ts";
import { Args } from "../../lib/resp/args.ts";
import { assert, assertEquals } from "../kit/assert.ts";

function texts(args: Args): string[] {
  return Array.from({ length: args.count }, (_, i) => args.text(i));
}

Deno.test("a copy holds what was copied until it is released, and is then used again", () => {
  const kept = new KeptArgs();
  const words = [["BLPOP", "a", "0"], ["BLMOVE", "k".repeat(700), "", "LEFT", "RIGHT", "0"]];
  const copies = words.map((each) => kept.copy(Args.of(...each)));
  assertEquals(copies.map(texts), words);
  for (const copy of copies) kept.release(copy);

  const shorter = kept.copy(Args.of("BRPOP", "b", "1"));
  assert(copies.includes(shorter));
  assertEquals(texts(shorter), ["BRPOP", "b", "1"]);
  const longer = kept.copy(Args.of("BRPOP", "c".repeat(1000), "1"));
  assertEquals(texts(longer), ["BRPOP", "c".repeat(1000), "1"]);
  assertEquals(texts(shorter), ["BRPOP", "b", "1"]);
});

Deno.test("memory for many or for large arguments is not kept", () => {
  const kept = new KeptArgs();
  for (const words of [["BLPOP", "k".repeat(10_000)], Array(1000).fill("k")]) {
    const copy = kept.copy(Args.of(...words));
    assertEquals(texts(copy), words);
    kept.release(copy);
    assert(kept.copy(Args.of("BLPOP")) !== copy);
  }
});
