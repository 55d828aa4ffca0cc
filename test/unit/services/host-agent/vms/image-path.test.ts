import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imagePath } from '../../../../../src/services/host-agent/vms/image-path.ts';

const [pool, domain, image] = ['a', 'b', 'c'].map((letter) => `${letter.repeat(8)}-1111-4111-8111-111111111111`) as [
  string,
  string,
  string,
];
let folder: string;
let place: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'images-'));
  place = join(folder, 'mnt', domain);
  await mkdir(join(place, 'images', image), { recursive: true });
  await writeFile(join(place, 'images', image, 'volume'), '');
  await writeFile(join(folder, 'secret'), '');
  await symlink(join(folder, 'secret'), join(place, 'images', image, 'link'));
  await symlink(folder, join(place, 'images', 'd'.repeat(8) + image.slice(8)));
  await mkdir(join(folder, pool));
  await symlink(place, join(folder, pool, domain));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the path of an image', () => {
  test('may lead to its storage domain by a link, and is given without', async () => {
    const path = join(folder, pool, domain, 'images', image, 'volume');
    expect(await imagePath(path, [folder])).toBe(join(place, 'images', image, 'volume'));
  });

  test.each([
    ['a link to a file of the host', () => join(place, 'images', image, 'link'), 'is a link'],
    ['in a link to a folder of the host', () => join(place, 'images', `${'d'.repeat(8)}${image.slice(8)}`, 'secret'), 'is a link'],
    ['not there', () => join(place, 'images', image, 'other'), 'is not there'],
    ['a way back', () => `${place}/images/${image}/../../../secret`, 'is not the path of an image'],
    ['of another kind', () => '/etc/shadow', 'is not the path of an image'],
    ['in another folder', () => `/elsewhere/${domain}/images/${image}/volume`, 'does not lie in'],
  ])('is refused when it is %s', async (_what, path, message) => {
    await expect(imagePath(path(), [folder])).rejects.toThrow(message);
  });
});
