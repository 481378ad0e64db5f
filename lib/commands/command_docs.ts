/** The reply of COMMAND DOCS: what people read about a command. */

import type { Reply } from "../resp/reply.ts";
import type { Command } from "./command.ts";
import { writeSimpleSet } from "./command_info.ts";
import { type ArgumentDocs, argumentDocs } from "./syntax_docs.ts";

/** A field of a map: its name, and what writes its value. */
type Field = readonly [name: string, write: () => void];

/** Writes what is known of a command as a map. */
export function writeCommandDocs(reply: Reply, command: Command): void {
  const { deprecated, history = [], subcommands = [] } = command;
  const docs = command.run === undefined ? [] : argumentDocs(command);
  const fields: Field[] = [
    ["summary", () => reply.bulkText(command.summary)],
    ["since", () => reply.bulkText(command.since)],
    ["group", () => reply.bulkText(command.group)],
  ];
  if (command.complexity !== "") {
    fields.push(["complexity", () => reply.bulkText(command.complexity)]);
  }
  if (deprecated !== undefined) {
    fields.push(
      ["doc_flags", () => writeSimpleSet(reply, ["deprecated"])],
      ["deprecated_since", () => reply.bulkText(deprecated.since)],
      ["replaced_by", () => reply.bulkText(deprecated.replacedBy)],
    );
  }
  if (history.length > 0) fields.push(["history", () => writeHistory(reply, history)]);
  if (docs.length > 0) fields.push(["arguments", () => writeArguments(reply, docs)]);
  if (subcommands.length > 0) {
    fields.push(["subcommands", () => {
      reply.map(subcommands.length);
      for (const subcommand of subcommands) {
        reply.bulkText(subcommand.fullName);
        writeCommandDocs(reply, subcommand);
      }
    }]);
  }
  writeFields(reply, fields);
}

function writeHistory(reply: Reply, history: NonNullable<Command["history"]>): void {
  reply.set(history.length);
  for (const [version, change] of history) {
    reply.array(2);
    reply.bulkText(version);
    reply.bulkText(change);
  }
}

function writeArguments(reply: Reply, docs: readonly ArgumentDocs[]): void {
  reply.array(docs.length);
  for (const argument of docs) writeArgument(reply, argument);
}

function writeArgument(reply: Reply, argument: ArgumentDocs): void {
  const { token, keySpecIndex, flags, arguments: parts } = argument;
  const fields: Field[] = [
    ["name", () => reply.bulkText(argument.name)],
    ["type", () => reply.bulkText(argument.type)],
  ];
  if (keySpecIndex !== undefined) {
    fields.push(["key_spec_index", () => reply.integer(keySpecIndex)]);
  }
  if (token !== undefined) fields.push(["token", () => reply.bulkText(token)]);
  if (flags.length > 0) fields.push(["flags", () => writeSimpleSet(reply, flags)]);
  if (parts !== undefined) fields.push(["arguments", () => writeArguments(reply, parts)]);
  writeFields(reply, fields);
}

function writeFields(reply: Reply, fields: readonly Field[]): void {
  reply.map(fields.length);
  for (const [name, write] of fields) {
    reply.bulkText(name);
    write();
  }
}
