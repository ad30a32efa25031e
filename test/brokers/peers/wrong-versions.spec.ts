import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import { Program } from '../../support/program.js';

const ROOT = join(__dirname, '../../..');
const PEERS = {
  'aliyun-http': ['@aliyunmq/mq-http-sdk'],
  rocketmq: ['@grpc/grpc-js', '@grpc/proto-loader'],
} as const;

let application: string;
beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
beforeEach(async () => {
  application = await mkdtemp(join(tmpdir(), 'mq-peers-'));
  const library = join(application, 'node_modules/nestjs-reliable-mq');
  await cp(join(ROOT, 'libs/mq/dist'), join(library, 'dist'), { recursive: true });
  await cp(join(ROOT, 'libs/mq/package.json'), join(library, 'package.json'));
  await cp(join(__dirname, 'support/connect.mjs'), join(application, 'connect.mjs'));
});
afterEach(() => rm(application, { recursive: true }));

/** The peers as they are installed here, but for one that is of another version. */
async function install(names: readonly string[], wrong?: string, version?: string): Promise<string> {
  for (const name of names) {
    const folder = join(application, 'node_modules', name);
    await mkdir(dirname(folder), { recursive: true });
    if (name !== wrong) {
      await symlink(join(ROOT, 'node_modules', name), folder);
    } else {
      await mkdir(folder);
      await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version, main: 'index.js' }));
      await writeFile(join(folder, 'index.js'), 'exports.Client = class {};');
    }
  }
  return join(application, 'node_modules', wrong ?? '');
}

async function connect(transport: string, format: string): Promise<string> {
  const { code, stdout } = await Program.run(join(application, 'connect.mjs'), { args: [transport, format] });
  expect(code).toBe(0);
  return stdout.trim();
}

describe.each(['esm', 'cjs'])('as %s', (format) => {
  it.each(Object.entries(PEERS))('%s connects with what is installed here', async (transport, peers) => {
    await install(peers);
    expect(await connect(transport, format)).toBe('connected');
  });

  it.each([
    ['aliyun-http', '@aliyunmq/mq-http-sdk', '1.0.3', '1.0.4', 'npm install @aliyunmq/mq-http-sdk@1.0.4'],
    ['rocketmq', '@grpc/grpc-js', '1.12.6', '^1.13.1', 'npm install @grpc/grpc-js@1.14 @grpc/proto-loader@0.8'],
    [
      'rocketmq',
      '@grpc/proto-loader',
      '0.6.13',
      '^0.7.0 || ^0.8.0',
      'npm install @grpc/grpc-js@1.14 @grpc/proto-loader@0.8',
    ],
  ] as const)('%s does not connect with %s %s, and says so', async (transport, name, version, range, command) => {
    const folder = await install(PEERS[transport], name, version);
    const { code, message, details } = JSON.parse(await connect(transport, format)) as Record<string, unknown>;
    expect(code).toBe('MQ_PEER_MISSING');
    expect(details).toEqual({ package: name, range, found: version });
    for (const part of [name, version, range, folder, command]) expect(message).toContain(part);
  });
});
