import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { allPages, readPage, ROOT } from '../support/pages.js';
import { commandProblem } from './support/documented-commands.js';
import { isTried, triedPeers } from './support/tried-peers.js';

/** Every command of the README, and what keeps it true: this file alone says which ones no test executes, and why. */
const COMMANDS: Readonly<Record<string, string>> = {
  'npm ci && npm test': 'is what runs this test, after an installation from the lock file',
  'npm ci && npm run demo':
    'not executed here: it takes a minute of its own, with a build and four processes; it checks its own outcome and exits with 1',
  'npm ci && npm run build && npm pack -w nestjs-reliable-mq':
    'not executed here: npm run test:package packs the library and installs it into applications; the name of the file is compared below',
  'npm install path/to/nestjs-reliable-mq-0.1.0.tgz @nestjs/typeorm typeorm pg @aliyunmq/mq-http-sdk@1.0.4':
    'not executed here: it is for another folder; names and versions are compared with the peer dependencies below',
  'npm install path/to/nestjs-reliable-mq-0.1.0.tgz @nestjs/typeorm typeorm pg @grpc/grpc-js@1.14 @grpc/proto-loader@0.8':
    'as above',
  'npm install class-validator class-transformer':
    'not executed here: it is for another folder; readme-app.spec.ts runs what needs them with those of this repository',
  'npx nestjs-reliable-mq emulator':
    'not executed here: it needs the installed package, where npm run test:package starts it',
  'export MQ_ENDPOINT=http://127.0.0.1:9877 MQ_ACCESS_KEY_ID=test MQ_ACCESS_KEY_SECRET=test':
    'not executed here: readme-app.spec.ts starts the application of the README with an emulator and a database of its own',
  'export DATABASE_URL=postgres://user:password@localhost:5432/shop': 'as above',
  [`curl http://localhost:3000/orders -H 'Content-Type: application/json' -d '{"sku":"tea","quantity":2}'`]:
    'not executed here: readme-app.spec.ts sends that request to the application of the README',
};

interface Manifest {
  readonly version?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifest = (path: string): Manifest => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Manifest;

describe('commands in the documentation', () => {
  const readme = readPage('README.md').fences.filter(({ language }) => language === 'sh');
  const commands = readme.flatMap(({ code }) => code.split('\n').filter((line) => line.trim() !== ''));

  it('are those of the list above, and no others', () => {
    expect([...commands].sort()).toEqual(Object.keys(COMMANDS).sort());
  });

  it('name scripts that exist and point to files that exist', () => {
    const { scripts = {} } = manifest('package.json');
    const shell = allPages().flatMap(({ fences }) => fences.filter(({ language }) => language === 'sh'));
    const named = shell
      .flatMap(({ code }) => [...code.matchAll(/\bnpm (?:run )?([\w:-]+)/g)].map(([, name]) => name!))
      .filter((name) => !['ci', 'install', 'pack'].includes(name));
    expect(named).toEqual(expect.arrayContaining(['demo', 'test']));
    const missing = named.filter((name) => {
      const file = /\bnode (scripts\/\S+)/.exec(scripts[name] ?? '')?.[1];
      return scripts[name] === undefined || (file !== undefined && !existsSync(join(ROOT, file)));
    });
    expect(missing).toEqual([]);
  });

  it('name commands of mq that there are, with options that they have', () => {
    const alerts = readFileSync(join(ROOT, 'monitoring/alerts.yml'), 'utf8');
    const inProse = [alerts, ...allPages().flatMap(({ prose }) => prose)].flatMap((text) =>
      [...text.matchAll(/`((?:npx )?mq [a-z][^`]*)`/g)].map(([, command]) => command!),
    );
    const inBlocks = allPages()
      .flatMap(({ fences }) => fences.flatMap(({ code }) => code.split('\n')))
      .flatMap((line) => /^(?:\$ )?((?:npx )?mq [a-z].*)/.exec(line)?.[1] ?? []);
    expect(inProse.length).toBeGreaterThan(100);
    expect([...inProse, ...inBlocks].flatMap((command) => commandProblem(command) ?? [])).toEqual([]);
  });

  it('install the file that npm pack makes, and the peers that the package asks for, or that Nest asks for', () => {
    const { peerDependencies: own = {}, version } = manifest('libs/mq/package.json');
    const peerDependencies = { ...manifest('node_modules/@nestjs/common/package.json').peerDependencies, ...own };
    const installs = allPages()
      .flatMap(({ fences }) => fences.flatMap(({ code }) => code.split('\n')))
      .filter((line) => line.startsWith('npm install '));
    expect(installs.length).toBeGreaterThan(2);
    const wanted = installs.flatMap((line) =>
      line
        .split(' ')
        .slice(2)
        .map((item) => /^(@?[^@]+)(?:@(.+))?$/.exec(item)!),
    );
    for (const [, name, wantedVersion] of wanted) {
      if (name!.endsWith('.tgz')) {
        expect(basename(name!)).toBe(`nestjs-reliable-mq-${version}.tgz`);
        continue;
      }
      expect(peerDependencies).toHaveProperty([name!]);
      if (wantedVersion)
        expect({ name, tried: isTried(wantedVersion, triedPeers()[name!]!) }).toEqual({ name, tried: true });
    }
  });
});
