import { type Host, SetupError, type Step, type Summary, type View, file, message, nothing, readText } from '#kit';
import { directories, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { dwhAlone, historyDatabase, paths } from '../dwh/settings.ts';
import { accounts } from '../environment/settings.ts';
import { fqdn } from '../network/settings.ts';
import { failureText, loginAt } from './login.ts';
import { engineFqdn, hostKey, rootPassword, setupStyle, sshPort } from './settings.ts';

/* What the host of the engine keeps of a history on this one. Its place and its rights are those that it has beside an engine. */

/** The file there: where the history is, as it is called from there. */
function content(view: View): string {
  const { tls, ...at } = historyDatabase(view);
  return render('engine/10-setup-dwh-database.conf', {
    ...at,
    host: at.host === 'localhost' ? view.get(fqdn) : at.host,
    server: 'somebody else',
    secured: tls === undefined ? 'False' : 'True',
    validated: tls === 'verified' ? 'True' : 'False',
  });
}

const place = paths.engineFragment;
const former = `${place}.former`;

/** Puts the file in its place in one move, or leaves nothing of it; what is there already is kept beside it, under a name that the engine does not read. */
const put = `${[
  'umask 077',
  `cat >${place}.new`,
  `chown root:${accounts.engine} ${place}.new`,
  `chmod 640 ${place}.new`,
  `if [ -e ${place} ]; then cp -p ${place} ${former}; else rm -f ${former}; fi`,
  `mv ${place}.new ${place}`,
].join(' && ')} || { rm -f ${place}.new; exit 1; }`;

/** Brings back what was there, if the file is ours by now: it is given on standard input. A file that was not reached stays as it is. */
const takeBack = `if [ "$(cat ${place} 2>/dev/null)" = "$(cat)" ]; then if [ -e ${former} ]; then mv ${former} ${place}; else rm -f ${place}; fi; fi`;

/** Runs words of a shell on the host of the engine. Throws SetupError `failed`. */
async function runThere(view: View, host: Host, command: string, input: string): Promise<void> {
  const at = { host: view.get(engineFqdn), port: view.get(sshPort) };
  const login = await loginAt(at, { hostKey: view.find(hostKey), password: view.get(rootPassword) }, host);
  const outcome = await host.runOverSsh({ ...login, timeoutMs: 60_000 }, command, input);
  if (typeof outcome === 'string') throw new SetupError('failed', failureText(outcome, login));
  if (outcome.code === 0) return;
  throw new SetupError('failed', message`${at.host} did not take ${place}: ${outcome.stderr.trim().slice(0, 500)}`, {
    remedy: message`Is the engine set up there? Whether it is, or the disk is full, tells: ls -l ${'/etc/ovirt-engine/engine.conf.d'}`,
  });
}

const heading = {
  id: 'dwh/told',
  chapter: 'dwh.configuration',
  title: 'Telling the engine on its host where its history is',
  quiet: true,
  needs: ['dwh/examples', 'dwh/owner'],
} as const;

/** Over ssh; that it was done says the copy that is kept here. */
const overSsh = (view: View): Step => ({
  ...heading,
  undo: { run: (host) => runThere(view, host, takeBack, content(view)) },
  async check(host) {
    const found = await readText(host, paths.example);
    if (found === content(view)) return nothing;
    return { kind: found === undefined ? 'create' : 'update', note: message`${view.get(engineFqdn)}: ${place}`, touches: [paths.example] };
  },
  async apply(host) {
    await runThere(view, host, put, content(view));
    await host.files.write(paths.example, file(content(view), 0o600));
  },
});

/** Tells the host of the engine, or prepares what somebody carries there. */
export function tell(view: View): readonly Step[] {
  if (!dwhAlone(view)) return [];
  return [
    directories({ id: 'dwh/examples', chapter: 'dwh.configuration', title: 'Creating a directory for examples', quiet: true }, [
      { path: paths.folder, mode: 0o755 },
      { path: paths.examples, mode: 0o755 },
    ]),
    view.find(setupStyle) === 'auto_ssh'
      ? overSsh(view)
      : writeFile(heading, { path: paths.example, content: content(view), secret: true, mode: 0o600 }),
  ];
}

/** What is left to do by hand. */
export function toldByHand(view: View): readonly Summary[] {
  if (!dwhAlone(view) || view.find(setupStyle) !== 'manual_files') return [];
  return [
    {
      block: 'databases',
      lines: [
        message`Copy ${paths.example} to ${view.get(engineFqdn)} as`,
        message`    ${place}, owned by root:${accounts.engine}, with mode 0640`,
      ],
    },
  ];
}
