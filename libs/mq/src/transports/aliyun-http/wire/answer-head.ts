/** What the head of an answer says. */
export interface AnswerHead {
  readonly status: number;
  /** By name in lower case; of a name that comes twice, the first. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** How many bytes of body follow, or what they end by. */
  readonly framing: number | 'chunked' | 'close';
  readonly keepsAlive: boolean;
  readonly idleMs: number | null;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Two of these would say two lengths. */
const FRAMING = new Set(['content-length', 'transfer-encoding']);

/** @throws for what is no head of HTTP/1.1, or one that says two lengths */
export function readHead(text: string): AnswerHead {
  const lines = text.split('\r\n');
  const [, minor, code] = STATUS_LINE.exec(lines[0]!) ?? [];
  if (code === undefined) throw noHttp('its first line is none');
  const status = Number(code);
  if (status === 101) throw noHttp('it changes to another protocol');
  const headers = readHeaders(lines);
  const connection = headers['connection']?.toLowerCase();
  const framing = framingOf(status, headers);
  const keepsAlive =
    framing !== 'close' && (minor === '1' ? !hasToken(connection, 'close') : hasToken(connection, 'keep-alive'));
  return { status, headers, framing, keepsAlive, idleMs: idleMs(headers['keep-alive']) };
}

function readHeaders(lines: readonly string[]): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = Object.create(null) as Record<string, undefined>;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    if (!NAME.test(name)) throw noHttp('a header without a name');
    const key = name.toLowerCase();
    if (headers[key] === undefined) headers[key] = line.slice(colon + 1).trim();
    else if (FRAMING.has(key)) throw noHttp(`${key} twice`);
  }
  return headers;
}

function framingOf(status: number, headers: Record<string, string | undefined>): AnswerHead['framing'] {
  const { 'transfer-encoding': encoding, 'content-length': length } = headers;
  if (encoding !== undefined && length !== undefined) throw noHttp('two lengths');
  if (status < 200 || status === 204 || status === 304) return 0;
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== 'chunked') throw noHttp('an encoding that nobody asked for');
    return 'chunked';
  }
  if (length === undefined) return 'close';
  if (!/^\d{1,15}$/.test(length)) throw noHttp('a length that is none');
  return Number(length);
}

function hasToken(list: string | undefined, token: string): boolean {
  return list !== undefined && (list === token || list.split(',').some((each) => each.trim() === token));
}

/** `Keep-Alive: timeout=5`, in seconds. */
function idleMs(value: string | undefined): number | null {
  const [, seconds] = (value === undefined ? null : /(?:^|[\s,])timeout=(\d{1,6})\b/i.exec(value)) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

function noHttp(why: string): Error {
  return new Error(`the answer is no HTTP (${why})`);
}
