const TYPES = ['normal', 'ordered', 'delay', 'transaction'];

/** Everything that is wrong with a declaration that came from a file, each with its place. */
export function problemsOfConfig(config: unknown): string[] {
  if (!isRecord(config)) return ['config must be an object with "instances"'];
  return [
    ...unknownKeys(config, ['instances'], 'config'),
    ...entriesOf(config.instances).flatMap(([id, value]) => problemsOfInstance(value, `config.instances["${id}"]`)),
    ...(isRecord(config.instances) ? [] : ['config.instances must map instance ids to what they hold']),
  ];
}

function problemsOfInstance(instance: unknown, path: string): string[] {
  if (!isRecord(instance)) return [`${path} must be an object`];
  const { topics, groups } = instance;
  const problems = unknownKeys(instance, ['topics', 'groups'], path);
  if (topics !== undefined && !isRecord(topics)) problems.push(`${path}.topics must map names to settings`);
  if (groups !== undefined && !(Array.isArray(groups) && groups.every((group) => typeof group === 'string'))) {
    problems.push(`${path}.groups must be a list of group ids`);
  }
  for (const [name, topic] of entriesOf(topics)) problems.push(...problemsOfTopic(topic, `${path}.topics.${name}`));
  return problems;
}

function problemsOfTopic(topic: unknown, path: string): string[] {
  if (!isRecord(topic)) return [`${path} must be an object`];
  const problems = unknownKeys(topic, ['type', 'maxBodyBytes', 'qps'], path);
  if (topic.type !== undefined && !TYPES.some((type) => type === topic.type)) {
    problems.push(`${path}.type must be one of ${TYPES.join(', ')}`);
  }
  for (const key of ['maxBodyBytes', 'qps']) {
    const value = topic[key];
    if (value !== undefined && !(Number.isInteger(value) && Number(value) > 0)) {
      problems.push(`${path}.${key} must be a number from 1`);
    }
  }
  return problems;
}

function unknownKeys(value: Record<string, unknown>, known: readonly string[], path: string): string[] {
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  return unknown.map((key) => `${path}.${key} is unknown; there are ${known.join(', ')}`);
}

function entriesOf(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
