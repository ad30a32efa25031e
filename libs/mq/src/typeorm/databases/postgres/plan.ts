import type { QueryRunner } from 'typeorm';
import type { Plan } from '../examination.js';

/** A table of a few pages is read as fast as its index, and planners know that. */
const SMALL_BYTES = 1_048_576;

interface Node {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly Schema?: string;
  readonly Plans?: readonly Node[];
}

export async function readPostgresPlan(
  runner: QueryRunner,
  text: string,
  parameters: readonly unknown[],
): Promise<Plan> {
  const [row] = (await runner.query(`EXPLAIN (VERBOSE, FORMAT JSON) ${text}`, [...parameters])) as [
    { 'QUERY PLAN': readonly [{ Plan: Node }] },
  ];
  const nodes = flat(row['QUERY PLAN'][0].Plan);
  let readsWholeTable = false;
  for (const { Schema: schema, 'Relation Name': table } of nodes.filter((node) => node['Node Type'] === 'Seq Scan')) {
    const [size] = (await runner.query(`SELECT pg_relation_size(format('%I.%I', $1::text, $2::text)) AS bytes`, [
      schema,
      table,
    ])) as [{ bytes: string }];
    readsWholeTable ||= Number(size.bytes) > SMALL_BYTES;
  }
  return { indexes: [...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))], readsWholeTable };
}

const flat = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(flat)];
