/**
 * The words of a manifest line, split and quoted as Redis does it: words are separated by blanks;
 * `"..."` knows \n \r \t \a \b \xhh and \<any>, `'...'` knows \' only; a closing quote ends its word.
 */

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
const BLANK = /[ \t\n\v\f\r\0]/;

/**
 * The `key value` pairs of a line (one character a byte), keys in lower case, values as text
 * (UTF-8 decoded); or, for a line that is none, the reason as a string.
 */
export function splitPairs(line: string): Map<string, string> | string {
  const words = splitWords(line);
  if (typeof words === "string") return words;
  if (words.length === 0) return "the line is empty";
  if (words.length % 2 !== 0) return "the line must be made of pairs of a key and a value";
  const pairs = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) {
    const key = words[i].toLowerCase();
    if (pairs.has(key)) return `'${key}' is given twice`;
    const value = fromBytes(words[i + 1]);
    if (value === undefined) return `the value of '${key}' is not valid UTF-8`;
    pairs.set(key, value);
  }
  return pairs;
}

function splitWords(line: string): string[] | string {
  const words: string[] = [];
  let at = 0;
  while (true) {
    while (at < line.length && BLANK.test(line[at])) at++;
    if (at >= line.length) return words;
    const word = readWord(line, at);
    if (word === undefined) return "unbalanced quotes";
    words.push(word.text);
    at = word.end;
  }
}

function readWord(line: string, start: number): { text: string; end: number } | undefined {
  let text = "";
  let at = start;
  while (at < line.length && !BLANK.test(line[at])) {
    const letter = line[at];
    if (letter !== '"' && letter !== "'") {
      text += letter;
      at++;
      continue;
    }
    const quoted = letter === '"' ? readDouble(line, at + 1) : readSingle(line, at + 1);
    if (quoted === undefined) return undefined;
    if (quoted.end < line.length && !BLANK.test(line[quoted.end])) return undefined;
    return { text: text + quoted.text, end: quoted.end };
  }
  return { text, end: at };
}

function readDouble(line: string, start: number): { text: string; end: number } | undefined {
  let text = "";
  for (let at = start; at < line.length; at++) {
    if (line[at] === '"') return { text, end: at + 1 };
    if (line[at] !== "\\" || at + 1 >= line.length) {
      text += line[at];
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4));
    if (hex !== null) {
      text += String.fromCharCode(parseInt(hex[1], 16));
      at += 3;
    } else {
      text += ESCAPES[line[at + 1]] ?? line[at + 1];
      at += 1;
    }
  }
  return undefined;
}

function readSingle(line: string, start: number): { text: string; end: number } | undefined {
  let text = "";
  for (let at = start; at < line.length; at++) {
    if (line[at] === "'") return { text, end: at + 1 };
    if (line[at] === "\\" && line[at + 1] === "'") at++;
    text += line[at];
  }
  return undefined;
}

function fromBytes(word: string): string | undefined {
  try {
    const bytes = Uint8Array.from(word, (letter) => letter.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A file name as a word of a manifest (one character a byte), in quotes where it needs them. */
export function quoteName(name: string): string {
  const bytes = new TextEncoder().encode(name);
  if (
    bytes.every((byte) =>
      byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x27 && byte !== 0x5c
    )
  ) {
    return name;
  }
  return `"${Array.from(bytes, quoteByte).join("")}"`;
}

function quoteByte(byte: number): string {
  const letter = String.fromCharCode(byte);
  if (letter === "\\" || letter === '"') return `\\${letter}`;
  for (const [short, meant] of Object.entries(ESCAPES)) {
    if (meant === letter) return `\\${short}`;
  }
  if (byte >= 0x20 && byte < 0x7f) return letter;
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
