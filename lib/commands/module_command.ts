/**
 * MODULE HELP LIST LOAD LOADEX UNLOAD: there are no modules, and none can be loaded. Whoever tries is
 * told what Redis tells them with `enable-module-command no`, its default.
 */

import { command, type CommandRecord } from "./command.ts";
import { replyHelp } from "./help.ts";

const NOT_ALLOWED = "ERR MODULE command not allowed. If the enable-module-command option is set " +
  `to "local", you can run it from a local connection, otherwise you need to set this option in ` +
  "the configuration file, and then restart the server.";

const HELP = [
  "LIST",
  "    Return a list of loaded modules.",
  "LOAD <path> [<arg> ...]",
  "    Load a module library from <path>, passing to it any optional arguments.",
  "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
  "    Load a module library from <path>, while passing it module configurations and optional " +
  "arguments.",
  "UNLOAD <name>",
  "    Unload a module.",
];

/** What the records of the subcommands that change something have in common. */
const refused = {
  flags: ["admin", "noscript", "no_async_loading"],
  group: "server",
  since: "4.0.0",
  complexity: "O(1)",
  run: ({ reply }) => reply.error(NOT_ALLOWED),
} satisfies Partial<CommandRecord>;

const help = command({
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  group: "server",
  since: "5.0.0",
  summary: "Tells what the subcommands do.",
  complexity: "O(1)",
  syntax: "",
  run: ({ reply }) => replyHelp(reply, "MODULE", HELP),
});

const list = command({
  name: "list",
  arity: 2,
  flags: ["admin", "noscript"],
  group: "server",
  since: "4.0.0",
  summary: "Returns the modules that are loaded: none.",
  complexity: "O(N) where N is the number of loaded modules.",
  syntax: "",
  tips: ["nondeterministic_output_order"],
  run: ({ reply }) => reply.array(0),
});

const load = command({
  ...refused,
  name: "load",
  arity: -3,
  summary: "Is refused: modules cannot be loaded.",
  syntax: "path [arg [arg ...]]",
});

const loadEx = command({
  ...refused,
  name: "loadex",
  arity: -3,
  since: "7.0.0",
  summary: "Is refused: modules cannot be loaded.",
  syntax: "path [CONFIG name value [CONFIG name value ...]] [ARGS arg [arg ...]]",
});

const unload = command({
  ...refused,
  name: "unload",
  arity: 3,
  summary: "Is refused: there are no modules.",
  syntax: "name",
});

/** MODULE. */
export const moduleCommand = command({
  name: "module",
  arity: -2,
  flags: [],
  group: "server",
  since: "4.0.0",
  summary: "Tells which modules are loaded; there are none.",
  complexity: "Depends on subcommand.",
  syntax: "",
  subcommands: [help, list, load, loadEx, unload],
});
