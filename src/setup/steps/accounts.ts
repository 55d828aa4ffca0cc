import { type Heading, type HostReader, type Step, nothing, readText } from '#kit';
import { command, succeed } from './command.ts';

/** Accounts of the system, of services, say. */
export interface WantedAccounts {
  /** The file that declares them to systemd-sysusers, which a step before this one writes. */
  readonly declared: string;
  readonly names: readonly string[];
}

/** Makes the accounts that a host lacks; taken back, those go again. */
export function systemAccounts(heading: Heading, { declared, names }: WantedAccounts): Step {
  const missing = async (host: HostReader): Promise<readonly string[]> => {
    const known = new Set(((await readText(host, '/etc/passwd')) ?? '').split('\n').map((line) => line.split(':', 1)[0]));
    return names.filter((name) => !known.has(name));
  };
  return {
    ...command(heading, {
      async look(host) {
        const lacking = await missing(host);
        return lacking.length === 0 ? nothing : { kind: 'create', note: lacking.join(' ') };
      },
      run: (host) => succeed(host, { argv: ['systemd-sysusers', declared] }),
      undo: {
        async run(host, kept) {
          const gone = await missing(host);
          // Backwards: the group of an account stays for as long as it has other members, which were added after it.
          for (const name of [...(kept as readonly string[])].reverse())
            if (!gone.includes(name)) await succeed(host, { argv: ['userdel', name] });
        },
      },
    }),
    prepare: missing,
  };
}
