import { type Dialog, type HostReader, type Plugin, type Problem, SetupError, type View } from '#kit';
import { consents } from './choose.ts';

/**
 * Makes the named checks of all plugins and reports their findings together.
 * Errors, and doubts that nobody accepted, throw SetupError `refused`: nothing has been changed yet.
 * @param allowed ids of doubts accepted beforehand (`--allow ID`)
 */
export async function preflight(
  plugins: readonly Plugin[],
  on: { view: View; host: HostReader; dialog: Dialog; allowed: ReadonlySet<string> },
): Promise<void> {
  const { view, host, dialog, allowed } = on;
  const found = (await Promise.all(plugins.map((plugin) => plugin.preflight?.(view, host) ?? Promise.resolve([])))).flat();
  const open: Problem[] = [];
  for (const problem of found) {
    if (problem.level === 'doubt' && allowed.has(problem.id))
      dialog.log('warning', `${problem.message} (accepted by --allow ${problem.id})`);
    else if (problem.level === 'doubt' && dialog.interactive) {
      dialog.log('warning', problem.message);
      if (!(await consents(dialog, problem.id, 'Do you want Setup to continue?'))) open.push(problem);
    } else open.push(problem);
  }
  if (open.length > 0) throw new SetupError('refused', 'This host is not ready', { problems: open });
}
