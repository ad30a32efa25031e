// Control characters but tab, line feed and carriage return; the two non-characters; surrogates without their other half.
const UNFIT =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * The first character of a text that no XML 1.0 document can contain, escaped or not, as `U+0008`; `null` when a text
 * wire carries all of it.
 */
export function xmlUnfit(text: string): string | null {
  const found = UNFIT.exec(text);
  return found === null ? null : `U+${found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
