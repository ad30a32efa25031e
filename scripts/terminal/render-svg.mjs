/** @typedef {import('./screen-lines.mjs').Span} Span */
/** @typedef {{ command: string, lines: Span[][] }} Shown a command, and what the terminal showed of it */

/** Of the font, in pixels. Each line is stretched to its number of letters, so that columns stand below each other in any font. */
const LETTER = { width: 7.8, height: 19, size: 13 };
const MARGIN = 16;
/** How long the reader has for each line that was printed, and for each command. */
const SECONDS = { line: 0.25, command: 1.2 };

const STYLE = `.s{fill:#f6f8fa;stroke:#d1d9e0}text{fill:#1f2328}.p,.g{fill:#1a7f37}.b{font-weight:600}.d{fill:#59636e}.r{fill:#d1242f}.y{fill:#9a6700}
@media(prefers-color-scheme:dark){.s{fill:#151b23;stroke:#3d444d}text{fill:#e6edf3}.p,.g{fill:#3fb950}.d{fill:#9198a1}.r{fill:#f85149}.y{fill:#d29922}}
@media(prefers-reduced-motion:no-preference){.l{animation:l .01s both}}@keyframes l{from{opacity:0}}`;

/**
 * A picture of a terminal in which one command after the other appears with its output. Without motion, or where animations
 * do not run, all of it is there at once.
 *
 * @param {readonly Shown[]} session
 * @param {{ columns: number, title: string }} options
 */
export function renderSvg(session, { columns, title }) {
  let row = 0;
  let seconds = 0.5;
  const parts = session.flatMap(({ command, lines }) => {
    const prompt = [
      { text: '$', kind: 'p' },
      { text: ` ${command}`, kind: 'b' },
    ];
    const typed = group([prompt], row, seconds);
    seconds += SECONDS.command;
    const printed = group(lines, row + 1, seconds);
    seconds += SECONDS.command + lines.length * SECONDS.line;
    row += lines.length + 2;
    return [typed, printed];
  });
  const width = Math.ceil(columns * LETTER.width + 2 * MARGIN);
  const height = (row - 1) * LETTER.height + 2 * MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace" font-size="${LETTER.size}">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<rect class="s" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>
${parts.join('\n')}
</svg>
`;
}

/**
 * @param {readonly Span[][]} lines
 * @param {number} row
 * @param {number} seconds after which it appears
 */
function group(lines, row, seconds) {
  const texts = lines.flatMap((spans, i) => {
    const letters = spans.map(({ text }) => text).join('').length;
    if (letters === 0) return [];
    const y = MARGIN + (row + i) * LETTER.height + LETTER.size;
    const stretched = letters > 1 ? ` textLength="${(letters * LETTER.width).toFixed(1)}"` : '';
    return `<text x="${MARGIN}" y="${y}"${stretched} xml:space="preserve">${spans.map(span).join('')}</text>`;
  });
  return `<g class="l" style="animation-delay:${seconds.toFixed(1)}s">\n${texts.join('\n')}\n</g>`;
}

/** @param {Span} span */
function span({ text, kind }) {
  return kind === '' ? escaped(text) : `<tspan class="${kind.split('').join(' ')}">${escaped(text)}</tspan>`;
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
