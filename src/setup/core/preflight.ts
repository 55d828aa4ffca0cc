import { type Dialog, type HostReader, type Plugin, type Problem, SetupError, type View } from '#kit';

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
      if (!(await accepted(problem, dialog))) open.push(problem);
    } else open.push(problem);
  }
  if (open.length > 0) throw new SetupError('refused', 'This host is not ready', { problems: open });
}

async function accepted(problem: Problem, dialog: Dialog): Promise<boolean> {
  for (;;) {
    const reply = await dialog.ask({
      name: problem.id,
      text: 'Do you want Setup to continue?',
      choices: ['Yes', 'No'],
      initial: 'No',
      hidden: false,
    });
    const word = reply.trim().toLowerCase();
    if (word === 'yes') return true;
    if (word === 'no' || word === '') return false;
    dialog.log('error', 'Invalid value');
  }
}
