/**
 * @typedef {object} Span text of one kind
 * @property {string} text
 * @property {string} kind '' for plain text; letters: b bold, d dim, r red, y yellow, g green
 */

/** @type {Record<string, string>} */
const KINDS = { 1: 'b', 2: 'd', 31: 'r', 32: 'g', 33: 'y' };
// oxlint-disable-next-line no-control-regex
const SEQUENCE = /\u001b\[([\d;?]*)([A-Za-z])/;

/**
 * What stands on a terminal after it was given this text, line by line. Knows what `mq` uses: colours, and a line that is
 * written over (`\r`) or wiped.
 *
 * @param {string} output
 * @param {number} columns of the terminal, at which it breaks what is longer
 * @returns {Span[][]}
 */
export function screenLines(output, columns) {
  const lines = output.replaceAll('\r\n', '\n').trimEnd().split('\n');
  return lines.flatMap((line) =>
    broken(spansOf(line.split('\r').findLast((part) => part.trim() !== '') ?? ''), columns),
  );
}

/**
 * @param {Span[]} spans
 * @param {number} columns
 */
function broken(spans, columns) {
  /** @type {Span[][]} */
  const lines = [[]];
  let room = columns;
  for (const { text, kind } of spans) {
    for (let rest = text; rest !== '';) {
      if (room === 0) {
        lines.push([]);
        room = columns;
      }
      const part = rest.slice(0, room);
      lines.at(-1)?.push({ text: part, kind });
      room -= part.length;
      rest = rest.slice(part.length);
    }
  }
  return lines;
}

/** @param {string} line */
function spansOf(line) {
  /** @type {Span[]} */
  const spans = [];
  let kind = '';
  let rest = line;
  for (let found = SEQUENCE.exec(rest); found; found = SEQUENCE.exec(rest)) {
    push(spans, rest.slice(0, found.index), kind);
    if (found[2] === 'm') kind = kindAfter(kind, found[1] ?? '');
    rest = rest.slice(found.index + found[0].length);
  }
  push(spans, rest, kind);
  return spans;
}

/**
 * @param {Span[]} spans
 * @param {string} text
 * @param {string} kind
 */
function push(spans, text, kind) {
  if (text !== '') spans.push({ text, kind });
}

/**
 * @param {string} kind
 * @param {string} codes
 */
function kindAfter(kind, codes) {
  for (const code of codes.split(';')) {
    const letter = KINDS[code];
    kind = letter === undefined ? '' : kind + letter;
  }
  return kind;
}
