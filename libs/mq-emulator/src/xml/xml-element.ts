/** One element of a parsed document. Namespaces and attributes are read and thrown away. */
export interface XmlElement {
  /** The name without its prefix. */
  name: string;
  children: XmlElement[];
  /** All character data directly inside, CDATA included, entities resolved, line ends as they were sent. */
  text: string;
}
