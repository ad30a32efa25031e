import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allPages, readPage, ROOT } from './support/pages.js';

/** Every command of the README, and what keeps it true: this file alone says which ones no test executes, and why. */
const COMMANDS: Readonly<Record<string, string>> = {
  'npm ci && npm test': 'is what runs this test, after an installation from the lock file',
  'npm ci && npm run demo':
    'not executed here: it takes a minute of its own, with a build and four processes; it checks its own outcome and exits with 1',
  'npm install nestjs-reliable-mq @nestjs/typeorm typeorm pg @aliyunmq/mq-http-sdk@1.0.4 undici@7':
    'not executed here: it needs the published package; names and versions are compared with its peer dependencies below',
  'npm install nestjs-reliable-mq @nestjs/typeorm typeorm pg @grpc/grpc-js@1.14.7 @grpc/proto-loader@0.8.1': 'as above',
};

interface Manifest {
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
      .filter((name) => !['ci', 'install'].includes(name));
    expect(named).toEqual(expect.arrayContaining(['demo', 'test']));
    const missing = named.filter((name) => {
      const file = /\bnode (scripts\/\S+)/.exec(scripts[name] ?? '')?.[1];
      return scripts[name] === undefined || (file !== undefined && !existsSync(join(ROOT, file)));
    });
    expect(missing).toEqual([]);
  });

  it('install the peers that the package asks for', () => {
    const { peerDependencies = {} } = manifest('libs/mq/package.json');
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
    for (const [, name, version] of wanted) {
      if (name === 'nestjs-reliable-mq' || name === 'pg') continue;
      expect(peerDependencies).toHaveProperty([name!]);
      if (version) expect(peerDependencies[name!]).toMatch(new RegExp(`^[\\^~]?${version.replaceAll('.', '\\.')}`));
    }
  });
});
