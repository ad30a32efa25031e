/** The application templates of Nest that the library promises to work in, and what their users install beside it. */
export const TEMPLATES = [
  {
    name: 'nest-12-esm',
    title: 'Nest 12 (ESM, vitest), TypeORM 1',
    cli: '@nestjs/cli@12.0.8',
    install: ['@nestjs/typeorm@12', 'typeorm@1'],
    runner: 'vitest',
    extension: '.js',
  },
  {
    name: 'nest-11-commonjs',
    title: 'Nest 11 (CommonJS, jest), TypeORM 0.3',
    cli: '@nestjs/cli@11.0.24',
    install: ['@nestjs/typeorm@11', 'typeorm@0.3'],
    runner: 'jest',
    // Its jest looks for `./x.js` where only `./x.ts` exists.
    extension: '',
  },
];

/** What both need: drivers for the databases and the two packages of each transport. */
export const COMMON_PACKAGES = [
  'pg@8',
  'mysql2@3',
  '@aliyunmq/mq-http-sdk@1.0.4',
  'undici@7',
  '@grpc/grpc-js@1.14.7',
  '@grpc/proto-loader@0.8.1',
];
