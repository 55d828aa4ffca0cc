import { plugins } from '../../plugins/index.ts';
import { type Machine, memoryHost } from '../../src/setup/host/memory/index.ts';
import { type Outlook, planOnly } from '../../src/setup/core/plan-only.ts';
import { goodPassword } from './dialogue.ts';
import { sourcesOf } from './fakes.ts';
import { type Setting, conf } from './installation.ts';
import { machines } from './machines.ts';
import { testRun } from './run.ts';

/** Names that Debian alone has: of packages, units, paths and programs. */
export const debianNames =
  /apache2|www-data|postgresql-15|postgresql@|\/etc\/postgresql|apt-get|dpkg|a2(?:en|dis)|-(?:available|enabled)\/|update-ca-certificates|debian/i;

/** A text without keys and certificates: among random letters there is any name sometime. */
export const withoutKeys = (text: string): string => text.replaceAll(/-----BEGIN ([A-Z ]+)-----.*?-----END \1-----|\bssh-rsa \S+/gs, '');

/** What the program would do on a machine, which it may refuse. */
export const outlookOn = (machine: Machine, answers: Readonly<Record<string, unknown>> = {}): Promise<Outlook> =>
  planOnly(
    testRun({
      host: memoryHost(machine),
      sources: sourcesOf({ 'OVESETUP_CONFIG/adminPassword': goodPassword, ...answers }),
      yes: true,
      acceptDefaults: true,
    }),
  );

/** An installation on a machine of EL by a program without the check that refuses such a host. */
export const unrefused = (machine: Machine = machines['enterprise-linux'](), more: Readonly<Record<string, string>> = {}): Setting => ({
  machine,
  files: [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}`, 'OVESETUP_DIALOG/confirmSettings': 'bool:True', ...more })],
  plugins: plugins.map((one) => (one.name === 'environment' ? { ...one, preflight: () => Promise.resolve([]) } : one)),
});
