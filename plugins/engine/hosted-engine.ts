import { type Problem, type View, fact, message, setting, yesNo } from '#kit';
import { engineHere } from './settings.ts';
import { lookInside } from './upgrade.ts';

/*
 * An engine that runs in a virtual machine on a host of its own. What watches over that machine could take an engine that is stopped for
 * a dead one, and restart the machine in the middle of a run, with the database in it.
 */

interface HostedEngine {
  readonly name: string;
  /** The host that the machine runs on; null: none, as far as the engine knows. */
  readonly host: string | null;
  /** Whether that host reports global maintenance: nobody restarts the machine then. */
  readonly safe: boolean;
}

/** The machines that the engine of this host may be running in; none of an engine that is older than that question. */
export const hostedEngines = fact('hosted-engine', (host) =>
  lookInside(host, [], (sql) =>
    sql.rows<HostedEngine>(
      `select vm_name as name, host_name as host, coalesce(is_global_maintenance, false) as safe
       from setup_hosted_engine_view order by vm_name`,
    ),
  ),
);

const unsafe = (view: View): readonly HostedEngine[] => view.fact(hostedEngines).filter(({ safe }) => !safe);

export const continueInside = setting({
  key: 'OVESETUP_CONFIG/continueSetupOnHEVM',
  section: 'misc',
  kind: yesNo,
  about:
    'Goes on although the virtual machine of a hosted engine may be restarted meanwhile, since its host does not report global maintenance.',
  remarks: (view) =>
    engineHere(view) && view.fact(hostedEngines).length > 0 && unsafe(view).length === 0
      ? [{ level: 'info', text: 'The engine runs in a virtual machine, and its hosts are in global maintenance' }]
      : [],
  remember: false,
  when: (view) => engineHere(view) && unsafe(view).length > 0,
  initial: false,
});

/** Machines of a hosted engine that somebody could restart meanwhile. */
export function notInMaintenance(view: View): readonly Problem[] {
  if (view.find(continueInside) !== false) return [];
  return unsafe(view).map(({ name, host }): Problem => ({
    id: 'hosted-engine',
    level: 'error',
    message:
      host === null
        ? message`The engine runs in the virtual machine ${name}, and no host reports global maintenance for it: it could be restarted in the middle of this run, and the database with it`
        : message`The engine runs in the virtual machine ${name}, and its host ${host} does not report global maintenance: it could be restarted in the middle of this run, and the database with it`,
    remedy: message`Begin global maintenance on one of the hosts (${'hosted-engine --set-maintenance --mode=global'}), wait until the engine knows of it, and run setup again. Where that is not needed, give ${continueInside.key}=bool:True in an answer file.`,
  }));
}
