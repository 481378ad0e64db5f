/** The index of a packed set's members beside reading the set through. */

import { Buffer } from "node:buffer";
import { SET_PACKED } from "../../lib/keyspace/value.ts";
import { PackedEditor } from "../../lib/memory/packed.ts";
import { MemberIndex, PACKED_MEMBERS_MAX } from "../../lib/types/set/member_index.ts";
import { SetView } from "../../lib/types/set/view.ts";
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

function packed(members: Iterable<string>): SetView {
  const run = new PackedEditor();
  for (const member of members) {
    const bytes = Buffer.from(member, "latin1");
    run.push(bytes, 0, bytes.length);
  }
  return new SetView(SET_PACKED, run.bytes, 0, run.length, undefined);
}

function asks(set: SetView, member: string): boolean {
  const bytes = Buffer.from(`(${member})`, "latin1"); // not at the beginning, and without a view
  return set.has(bytes, 1, bytes.length - 1);
}

Deno.test("a set with an index answers what it answers without", () => {
  const { seed, size } = flags(200);
  const chance = new Seeded(seed);
  const index = new MemberIndex(); // lent to one set after another
  const draw = () => chance.pick(["", "m", "member:", "\0"]) + String(chance.below(300));
  for (let round = 0; round < size; round++) {
    const members = new Set<string>(chance.chance(0.2) ? [""] : []);
    const count = chance.pick([1, 2, 30, PACKED_MEMBERS_MAX]);
    while (members.size < count) members.add(draw());
    const set = packed(members);
    set.lend(index, chance.pick([0, 40]));
    assertEquals(set.size, members.size);
    for (let i = 0; i < 40; i++) {
      const member = chance.chance(0.5) ? chance.pick([...members]) : draw();
      assertEquals(asks(set, member), members.has(member), JSON.stringify(member));
    }
  }
});

Deno.test("an index takes as many members as a packed set has", () => {
  const index = new MemberIndex();
  const { bytes, to } = packed(Array.from({ length: PACKED_MEMBERS_MAX }, (_, i) => `m${i}`));
  index.load(bytes, 0, to);
  assert(index.has(bytes, Buffer.from("m127"), 0, 4));
  assert(!index.has(bytes, Buffer.from("m128"), 0, 4));
  assertThrows(() => index.add(Buffer.from("m128"), 0, 4), Error, "more members");
});
