import { type HostReader, type Problem, type Step, type Text, type View, message, nothing, term } from '#kit';
import { command } from '#steps';
import { webServer } from '../apache/settings.ts';
import { whole } from '../database/settings.ts';
import { serverHere } from '../dwh/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { nodeHere, nodePackages } from '../node/settings.ts';
import { vmconsoleHere } from '../vmconsole/settings.ts';
import { layout as ovnLayout, ovnHere } from '../ovn/settings.ts';
import { managerWords } from './manager.ts';
import { offline } from './settings.ts';
import { sshServerOf } from './ssh-server.ts';

/** Packages of the system that the chosen components need. */
export const neededPackages = (view: View): readonly string[] =>
  nodeHere(view)
    ? nodePackages(view)
    : [
        ...(serverHere(view) ? [whole(view).package] : []),
        ...(engineHere(view) ? view.fact(webServer).packages : []),
        ...(vmconsoleHere(view) ? sshServerOf(view).packages : []),
        ...(ovnHere(view) ? [view.fact(ovnLayout).package] : []),
      ];

/** What comes along where packages are installed anyway: without it logs grow, and everything works. */
const welcome = ['logrotate'];

async function missing(host: HostReader, names: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(names.map((name) => host.packages.version(name)));
  return names.filter((_, index) => found[index] === undefined);
}

/** Says before anything is changed whether the packages that are missing can be had. */
export async function unobtainable(view: View, host: HostReader): Promise<readonly Problem[]> {
  const names = await missing(host, neededPackages(view));
  if (names.length === 0) return [];
  const problem = (why: Text): Problem => ({
    id: 'packages-missing',
    level: 'error',
    message: message`These packages are needed and not installed: ${names.join(' ')}. ${term(why)}`,
    remedy: message`Install them, or give this host a way to the sources of its packages (${managerWords(view).refresh} shows whether it has one).`,
  });
  if (view.get(offline)) return [problem('Setup was told to stay off the network.')];
  const why = await host.packages.unobtainable(names);
  return why === undefined ? [] : [problem(message`They cannot be had: ${term(why)}`)];
}

/**
 * What a rollback removes: what was not there before, and was brought by what this run has installed. What somebody else has installed
 * meanwhile stays, with all that it needs.
 */
async function brought(host: HostReader, names: readonly string[], before: ReadonlySet<string>): Promise<readonly string[]> {
  const fresh = (await host.packages.installed()).filter((name) => !before.has(name));
  const ours = new Set(await host.packages.neededBy(names));
  const others = fresh.filter((name) => !ours.has(name));
  const neededElsewhere = new Set(others.length === 0 ? [] : await host.packages.neededBy(others));
  return fresh.filter((name) => ours.has(name) && !neededElsewhere.has(name));
}

/** Installs what is missing; a rollback removes it again. */
export const installed = (names: readonly string[]): Step => ({
  ...command(
    { id: 'packages/install', chapter: 'packages', title: message`Installing packages: ${names.join(' ')}`, quiet: true, previewed: true },
    {
      async look(host) {
        const lacking = await missing(host, names);
        return lacking.length === 0 ? nothing : { kind: 'create', note: lacking.join(' ') };
      },
      run: async (host) => host.packages.install(await missing(host, [...names, ...welcome])),
      undo: {
        async run(host, kept) {
          await host.packages.remove(await brought(host, [...names, ...welcome], new Set(kept as readonly string[])));
        },
      },
    },
  ),
  prepare: (host) => host.packages.installed(),
});

/**
 * What the package of this product has brought along is noted as wanted for itself: the package manager would offer to take it away with
 * that one, and with the server of the databases the databases.
 */
export const kept = (names: readonly string[]): Step => ({
  ...command(
    { id: 'packages/kept', chapter: 'packages', title: 'Noting that packages are needed', quiet: true, needs: ['packages/install'] },
    {
      async look(host) {
        // What is still to be installed may come in either way.
        const loose = [...(await missing(host, names)), ...(await host.packages.automatic(names))];
        return loose.length === 0 ? nothing : { kind: 'run', note: loose.join(' ') };
      },
      run: async (host) => host.packages.mark(await host.packages.automatic(names), 'wanted'),
      undo: { run: (host, before) => host.packages.mark(before as readonly string[], 'automatic') },
    },
  ),
  prepare: async (host) => [...(await host.packages.automatic(names))],
});
