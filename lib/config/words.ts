/**
 * Words and quotes, as a line of redis.conf and an inline command have them.
 *
 *     requirepass "a b\x00\n"     double quotes know \n \r \t \b \a \xHH, \\ and \"
 *     requirepass 'a b'           single quotes know \' only
 *     requirepass a"b"            a quote opens anywhere; after it closes a space must follow
 *
 * Promise: `splitWords(quoteWord(text))` gives back `text`, whatever its bytes.
 */

const ESCAPED: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  a: "\x07",
};

const NAMED: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\x07": "\\a",
};

/** C's isspace(). */
function isSpace(char: string): boolean {
  return char === " " || (char >= "\t" && char <= "\r");
}

/** Reads one word from `at`; gives the offset after it, or undefined when its quotes are wrong. */
function readWord(line: string, at: number): { word: string; end: number } | undefined {
  let word = "";
  let quote = "";
  while (at < line.length) {
    const char = line[at];
    if (quote === "") {
      // of C's spaces only these end a word in Redis; a NUL does, because its lines are C strings
      if (" \n\r\t\0".includes(char)) break;
      if (char === '"' || char === "'") quote = char;
      else word += char;
      at++;
    } else if (char === quote) {
      const next = line[at + 1];
      if (next !== undefined && !isSpace(next)) return undefined;
      return { word, end: at + 1 };
    } else if (char === "\\" && quote === '"' && at + 1 < line.length) {
      const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4));
      if (hex) word += String.fromCharCode(parseInt(hex[1], 16));
      else word += ESCAPED[line[at + 1]] ?? line[at + 1];
      at += hex ? 4 : 2;
    } else if (char === "\\" && quote === "'" && line[at + 1] === "'") {
      word += "'";
      at += 2;
    } else {
      word += char;
      at++;
    }
  }
  return quote === "" ? { word, end: at } : undefined;
}

/** The words of a line, their quotes resolved; undefined when the quotes are unbalanced. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  while (true) {
    while (at < line.length && isSpace(line[at])) at++;
    if (at >= line.length || line[at] === "\0") return words;
    const read = readWord(line, at);
    if (!read) return undefined;
    words.push(read.word);
    at = read.end;
  }
}

/** A word in double quotes, with everything that is not printable ASCII escaped. */
export function quoteWord(word: string): string {
  let quoted = '"';
  for (const char of word) {
    const code = char.charCodeAt(0);
    if (NAMED[char] !== undefined) quoted += NAMED[char];
    else if (code >= 0x20 && code < 0x7f) quoted += char;
    else quoted += "\\x" + code.toString(16).padStart(2, "0");
  }
  return quoted + '"';
}
