/**
 * @typedef {object} Template
 * @property {string} name
 * @property {string} title
 * @property {string} cli
 * @property {'oldest' | 'newest'} peers
 * @property {string} runner
 * @property {string} extension of relative imports
 */
/**
 * The application templates of Nest that the library promises to work in, each with one end of the peers' ranges.
 *
 * @type {Template[]}
 */
export const TEMPLATES = [
  {
    name: 'nest-12-esm',
    title: 'Nest 12 (ESM, vitest), newest peers',
    cli: '@nestjs/cli@12.0.8',
    peers: 'newest',
    runner: 'vitest',
    extension: '.js',
  },
  {
    name: 'nest-11-commonjs',
    title: 'Nest 11 (CommonJS, jest), oldest peers',
    cli: '@nestjs/cli@11.0.24',
    peers: 'oldest',
    runner: 'jest',
    // Its jest looks for `./x.js` where only `./x.ts` exists.
    extension: '',
  },
];
