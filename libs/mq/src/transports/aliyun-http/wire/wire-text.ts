/**
 * A body as the SDK must be given it, so that the receiver reads what we were given.
 *
 * The SDK puts a text between `<![CDATA[` and `]]>` as it is. A `]]>` inside would end the section and let a payload
 * write elements of its own, so the section ends between its brackets and its `>`, and another one begins. A carriage
 * return would be read as a line feed, which changes the body and its digest, so it leaves the section as a reference.
 */
export function toCdata(text: string): string {
  return text.replaceAll(']]>', ']]]]><![CDATA[>').replaceAll('\r', ']]>&#13;<![CDATA[');
}

/** The properties in the order and the form in which the SDK writes them. */
export function renderProperties(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}:${value}`).join('|');
}
