import type { OutboundMessage } from '../../../core/transport/transport.js';
import { toWireProperty } from './trace-state.js';

/**
 * A body as it stands in a CDATA section, so that the receiver reads what we were given.
 *
 * The SDK puts a text between `<![CDATA[` and `]]>` as it is. A `]]>` inside would end the section and let a payload
 * write elements of its own, so the section ends between its brackets and its `>`, and another one begins. A carriage
 * return would be read as a line feed, which changes the body and its digest, so it leaves the section as a reference.
 */
export function toCdata(text: string): string {
  return text.replaceAll(']]>', ']]]]><![CDATA[>').replaceAll('\r', ']]>&#13;<![CDATA[');
}

/** The properties of a message besides those of the protocol. */
export function wireProperties({ properties }: OutboundMessage): [string, string][] {
  return Object.entries(properties).map(toWireProperty);
}

/** The properties in the form in which the wire has them. */
export function renderProperties(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}:${value}`).join('|');
}
