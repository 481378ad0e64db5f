/** The executable, from its sources: see `lib/program.ts`. */

import { runProgram } from "./lib/program.ts";

await runProgram(() => import("./lib/tools/at_terminal.ts"));
