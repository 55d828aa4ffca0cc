import { readFile, readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';

const source = new URL('../../../../src/services/host-agent/', import.meta.url);
const page = new URL('../../../../docs/host-agent.md', import.meta.url);

test('the page for administrators lists the verbs that there are, and no others', async () => {
  const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, source), 'utf8')));
  const verbs = texts.flatMap((text) => [...text.matchAll(/^ +(?:async )?'([A-Z]\w+\.\w+)'[:(]/gm)].map(([, verb]) => verb));
  const rows = [...(await readFile(page, 'utf8')).matchAll(/^\| .* \| (.*`(?:Host|VM|Volume|Image|Task|Storage\w+|NBD)\.\w+`.*)\|$/gm)];
  const listed = rows.flatMap(([, row = '']) => {
    let object = '';
    return [...row.matchAll(/`(?:(\w+)\.)?(\w+)`/g)].map(([, named, verb]) => `${(object = named ?? object)}.${verb}`);
  });
  expect(verbs).toContain('VM.create');
  expect(listed.sort()).toEqual([...new Set(verbs)].sort());
});
