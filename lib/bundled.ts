/**
 * The executable, as one file: what `deno task bundle` starts from. Everything is imported at the
 * top here, because a bundle with a dynamic import wraps every module in a function, and the code
 * in it runs 5 to 10 % slower. For the sake of this file, too, no module has loops of many rounds at
 * its top level: the engine would compile all top levels as one, 0.8 MB of code.
 */

import { runProgram } from "./program.ts";
import { runToolAtTerminal } from "./tools/at_terminal.ts";

await runProgram(() => Promise.resolve({ runToolAtTerminal }));
