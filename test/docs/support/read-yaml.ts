import { parsers } from 'prettier/plugins/yaml';

/** What we need of the syntax tree that prettier makes. */
interface Node {
  readonly type: string;
  readonly value?: string;
  readonly children?: readonly (Node | null)[];
}

/**
 * A YAML document as plain data, every scalar as text. Through prettier, which is there to format such files, so that nothing
 * has to be installed for one test. @throws {SyntaxError}
 */
export async function readYaml(text: string): Promise<unknown> {
  const root = (await parsers.yaml.parse(text, {} as never)) as Node;
  const [document] = root.children ?? [];
  return plain(document?.children?.find((part) => part?.type === 'documentBody'));
}

function plain(node: Node | null | undefined): unknown {
  if (!node) return null;
  const children = node.children ?? [];
  switch (node.type) {
    case 'mapping':
    case 'flowMapping':
      return Object.fromEntries(children.map((item) => item!.children!.map(plain)));
    case 'sequence':
    case 'flowSequence':
      return children.map(plain);
    default:
      return node.value ?? plain(children[0]);
  }
}
