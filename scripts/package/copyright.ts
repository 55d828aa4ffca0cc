import type { Dependency } from './dependencies.ts';

/**
 * The copyright file in Debian's machine-readable form (copyright-format 1.0). Other people's packages bring their notices with them,
 * beside their code.
 */
export function copyright(dependencies: readonly Dependency[]): string {
  const byLicense = Map.groupBy(dependencies, ({ license }) => license.replace(/^\((.*)\)$/, '$1').replaceAll(' OR ', ' or '));
  const names = [...byLicense.keys()].sort();
  const files = names.map((license) => {
    const folders = (byLicense.get(license) ?? []).map(({ folder }) => ` usr/lib/ovirt-engine/*/${folder}/*`);
    return `Files:\n${folders.join('\n')}\nCopyright: see the package.json, LICENSE or README of each\nLicense: ${license}`;
  });
  const single = [...new Set(names.flatMap((license) => license.split(' or ')))].filter((license) => license !== 'Apache-2.0');
  return `${[
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: engine-setup',
    'Files: *\nCopyright: the authors of engine-setup\nLicense: Apache-2.0',
    ...files,
    'License: Apache-2.0\n The text is in LICENSE beside the program, and on Debian systems in /usr/share/common-licenses/Apache-2.0.',
    ...single.sort().map((license) => `License: ${license}\n The text is with each of the packages above, or named by its package.json.`),
  ].join('\n\n')}\n`;
}
