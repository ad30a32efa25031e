import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

it('the scheduler is never imported by the library', () => {
  const root = join(__dirname, '../../../libs/mq/src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(100);
  const importing = files.filter((file) =>
    /(?:from|import\(|require\()\s*['"]@nestjs\/schedule/.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(importing).toEqual([]);
});
