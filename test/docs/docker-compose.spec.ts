import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS, TOPICS } from '../../apps/shop/src/messaging/topics.js';
import { TRANSPORTS } from '../../apps/shop/src/messaging/transports.js';
import { readPage, ROOT } from '../support/pages.js';
import { readYaml } from './support/read-yaml.js';

interface Service {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly configs?: readonly { readonly source: string }[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly network_mode?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
}

interface Compose {
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Its syntax and its names. Whether containers start from it, only an engine can tell. */
describe('docker-compose.yml', () => {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  let compose: Compose;
  let script: readonly string[];
  beforeAll(async () => {
    compose = (await readYaml(text)) as Compose;
    script = compose.services['topics']!.command![0]!.split('\n').filter((line) => line.startsWith('made '));
  });

  const made = (command: string, option: string): Map<string, string> =>
    new Map(
      script
        .filter((line) => line.startsWith(`made ${command} `))
        .map((line) => [new RegExp(`${option} (\\S+)`).exec(line)![1]!, line]),
    );

  it('is YAML, and what is not is noticed', async () => {
    expect(Object.keys(compose).sort()).toEqual(['configs', 'services', 'volumes']);
    await expect(readYaml('services: [a\nb: c')).rejects.toThrow();
  });

  it('makes exactly the topics of the shop, each with its type', () => {
    const topics = made('updateTopic', '-t');
    expect([...topics.keys()].sort()).toEqual(
      Object.values(TOPICS)
        .map(({ topic }) => topic)
        .sort(),
    );
    const types = Object.fromEntries([...topics].map(([name, line]) => [name, /\+message\.type=(\S+)/.exec(line)![1]]));
    expect(types).toEqual({ shop_orders: 'NORMAL', shop_deadlines: 'DELAY' });
  });

  it('makes exactly the groups of the shop, with as many retries as the guide asks for', () => {
    const groups = made('updateSubGroup', '-g');
    expect([...groups.keys()].sort()).toEqual(
      Object.values(GROUPS)
        .map(({ groupId }) => groupId)
        .sort(),
    );
    for (const line of groups.values()) expect(line).toMatch(/ -r 25$/);
    expect(script).toHaveLength(Object.keys(TOPICS).length + Object.keys(GROUPS).length);
  });

  it('stops at the first of them that fails, although mqadmin ends with 0', () => {
    const folder = mkdtempSync(join(tmpdir(), 'docker-compose-'));
    const run = (mqadmin: string): { status: number | null; calls: string[] } => {
      writeFileSync(join(folder, 'mqadmin'), mqadmin);
      const { entrypoint, command } = compose.services['topics']!;
      // As Compose reads it: a dollar sign is written as two.
      const args = [...entrypoint!.slice(1), command![0]!.replaceAll('$$', '$')];
      const { status, stdout } = spawnSync(entrypoint![0]!, args, { cwd: folder, encoding: 'utf8', timeout: 10_000 });
      return { status, calls: stdout.split('\n').filter((line) => line !== '') };
    };
    try {
      const good = run('echo "$@: success."');
      expect(good.status).toBe(0);
      expect(good.calls).toHaveLength(script.length);
      expect(good.calls[0]).toBe(
        'updateTopic -t shop_orders -r 8 -w 8 -a +message.type=NORMAL -n namesrv:9876 -c DefaultCluster: success.',
      );
      const bad = run('case "$3" in shop_deadlines) echo "SubCommandException";; *) echo "$@: success.";; esac');
      expect(bad.status).toBe(1);
      expect(bad.calls).toHaveLength(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names services, volumes and configurations that it has, and waits for what says that it is ready', () => {
    const { services, volumes, configs } = compose;
    for (const service of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(condition).toBe('service_healthy');
        expect(services[name]?.healthcheck?.test.length).toBeGreaterThan(1);
      }
      for (const volume of service.volumes ?? []) expect(volumes).toHaveProperty([volume.split(':')[0]!]);
      for (const { source } of service.configs ?? []) expect(configs).toHaveProperty([source]);
      expect(service.network_mode ?? 'service:rocketmq').toBe('service:rocketmq');
    }
  });

  it('publishes the proxy where its routes send clients, and runs the version of the tests', () => {
    const { services, configs } = compose;
    const address = /^brokerIP1=(.*)$/m.exec(configs['broker']!.content)![1]!;
    expect(services['rocketmq']!.ports).toEqual([`${address}:8081:8081`]);
    const version = /'(\d+\.\d+\.\d+)'/.exec(
      readFileSync(join(ROOT, 'test/support/rocketmq/artifacts.mjs'), 'utf8'),
    )![1]!;
    const images = Object.values(services).map(({ image }) => image);
    expect(new Set(images.filter((image) => image.includes('rocketmq')))).toEqual(
      new Set([`apache/rocketmq:${version}`]),
    );
  });

  it('is told how to be used as it is, in its first lines and in the guide', () => {
    const { services } = compose;
    const guide = readPage('docs/guides/rocketmq5.md').fences.find(({ code }) => code.includes('docker compose'))!.code;
    const head = text.split('\n').filter((line) => /^#   \S/.test(line));
    expect(head.map((line) => line.slice(4)).join('\n')).toBe(guide);
    const run = /^(MQ_TRANSPORT=.*) npm run shop$/m.exec(guide)![1]!;
    const env = Object.fromEntries(run.split(' ').map((pair) => pair.split(/=(.*)/).slice(0, 2))) as Record<
      string,
      string
    >;
    expect(TRANSPORTS).toHaveProperty([env['MQ_TRANSPORT']!]);
    expect(services['rocketmq']!.ports).toContain(`${env['MQ_ENDPOINT']}:8081`);
    const database = new URL(env['DATABASE_URL']!);
    expect(services['postgres']!.ports).toEqual([`${database.host}:5432`]);
    expect(services['postgres']!.environment).toEqual({
      POSTGRES_USER: database.username,
      POSTGRES_PASSWORD: database.password,
      POSTGRES_DB: database.pathname.slice(1),
    });
    for (const [, names] of guide.matchAll(/docker compose (?:up|run)((?: \S+)+)/g)) {
      for (const name of names!.split(' ').filter((word) => /^\w/.test(word))) expect(services).toHaveProperty([name]);
    }
  });
});
