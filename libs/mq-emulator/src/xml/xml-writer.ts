const SPECIAL = /[&<>\r]/;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000B-\u001F]/g;
const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };

/** Every answer starts with it. The namespace has no slash at its end: the Java SDK loses the code of an error with one. */
export const NAMESPACE = 'http://mq.aliyuncs.com/doc/v1';
export const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';

/** Text as entities, never as CDATA: the PHP SDK does not see CDATA at all. CR is written as a reference to survive parsers. */
export function escapeText(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[&<>\r]/g, (character) => ESCAPES[character]) : text;
}

/** `<name>text</name>`, with an explicit end tag also when empty: the PHP SDK loses what follows a self-closing one. */
export function element(name: string, text: string | number): string {
  return `<${name}>${typeof text === 'number' ? text : escapeText(text)}</${name}>`;
}

/** The same of bytes: what is no ASCII as it is, control characters as references, `&#0;` among them. */
export function bytesElement(name: string, bytes: Buffer): Buffer {
  const content = escapeText(bytes.toString('latin1')).replace(CONTROL, (c) => `&#${c.charCodeAt(0)};`);
  return Buffer.from(`<${name}>${content}</${name}>`, 'latin1');
}
