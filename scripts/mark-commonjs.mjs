// The CommonJS build lives inside a package with `"type": "module"`, so Node and TypeScript would read its `.js` and
// `.d.ts` files as ESM. A package.json of its own, nearer to them, says what they are.
import { writeFile } from 'node:fs/promises';

await writeFile(new URL('../libs/mq/dist/cjs/package.json', import.meta.url), '{ "type": "commonjs" }\n');
