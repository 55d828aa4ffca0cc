import { type HostReader, type Problem, type Text, type View, fact, message, term } from '#kit';
import { bytes, readable } from '#steps';
import { type AddressFamily, rulesLayoutOf } from './iptables-layouts.ts';
import { acceptRules, withRules } from './iptables-rules.ts';
import { keptFamilies } from './managers.ts';
import { openings, portsOf } from './services.ts';

/** Rules that are put in force when the host starts. */
export interface SavedRules extends AddressFamily {
  /** What the file holds, each byte a character; nothing where it is not there. */
  readonly text: string;
  /** Permission bits of a new file. */
  readonly mode: number;
  /** Why nothing can be put into it. */
  readonly flaw?: Text;
}

/** Why iptables-restore would not take a text, in its words. */
async function refusal(host: HostReader, { program, saved }: AddressFamily, text: string): Promise<Text | undefined> {
  const { code, stderr } = await host.query({ argv: [`${program}-restore`, '--test'], input: readable(text) });
  if (code === 0) return undefined;
  const said = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Try '));
  return message`${program}-restore does not take ${saved}: ${said.join('; ')}`;
}

async function readSaved(host: HostReader, family: AddressFamily, mode: number): Promise<SavedRules> {
  const entry = await host.files.read(family.saved);
  if (entry === undefined) return { ...family, mode, text: '' };
  if (entry.kind !== 'file')
    return { ...family, mode, text: '', flaw: message`${family.saved} is a ${entry.kind}, and only a file is changed` };
  const text = bytes(entry.content);
  const flaw = await refusal(host, family, text);
  return { ...family, mode, text, ...(flaw === undefined ? {} : { flaw }) };
}

/**
 * The saved rules of iptables on a host that has it as a manager: of the families that it keeps rules of, as any other file may hold what a
 * package came with, and of IPv6 only where the kernel speaks it.
 */
export const savedRules = fact('iptables-rules', async (host): Promise<readonly SavedRules[]> => {
  const { mode } = rulesLayoutOf((await host.system()).distribution);
  const speaksIPv6 = (await host.files.read('/proc/sys/net/ipv6')) !== undefined;
  const spoken = (await keptFamilies(host)).filter(({ name }) => name === 'IPv4' || speaksIPv6);
  return Promise.all(spoken.map((family) => readSaved(host, family, mode)));
});

/** Our rules for what the components need. */
export const wantedRules = (view: View): readonly string[] => acceptRules(portsOf(openings(view)));

/** What the saved rules are to be. */
export const proposed = (view: View, { text }: SavedRules): string => withRules(text, wantedRules(view));

/** Saved rules that no line can be added to. */
export const flaws = (view: View): readonly Problem[] =>
  view.fact(savedRules).flatMap(({ flaw }): readonly Problem[] =>
    flaw === undefined
      ? []
      : [
          {
            id: 'firewall-rules',
            level: 'error',
            message: message`Rules of iptables cannot be added: ${term(flaw)}`,
            remedy: 'Mend the file, or answer No to the firewall question: the summary then says which ports to open.',
          },
        ],
  );
