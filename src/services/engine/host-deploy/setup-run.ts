import { textOf } from '../agents/hostile.ts';
import { DeployFailure } from './failure.ts';
import { lastLine, quoted } from './program.ts';
import type { Session } from './ssh.ts';

/** What is told while a host is set up; `severity` as events of the engine have it. */
export type Told = (severity: 'normal' | 'warning' | 'error', text: string) => void;

/** An event of the program over there, as far as it is told on (docs/events.md). */
interface Event {
  readonly type?: string;
  readonly state?: string;
  readonly level?: string;
  readonly text?: string;
  readonly remedy?: string;
  readonly code?: number;
}

/** What setup ends with where another run is active: one that an engine began that is gone, say, and that goes on without it. */
const busy = 7;
/** And with this where answers or the host do not fit. */
const refused = 4;
const mostTries = 120;
/** Several times what an installation has to tell. */
const mostTold = 1_000;
const mostErrors = 20;

const answersOnHost = '/var/lib/ovirt-engine/setup/host.yaml';

const parse = (line: string): Event => {
  try {
    const found = JSON.parse(line) as unknown;
    return typeof found === 'object' && found !== null ? found : {};
  } catch {
    return {};
  }
};

/** What a host says is shown to people: one line, and not too long. */
const plain = (text: unknown): string => textOf(text, 1_000) ?? '';

/**
 * Runs setup on a host with answers, none of which is secret.
 * @param home the folder of the program there
 * @throws DeployFailure with what setup said
 */
export async function runSetup(
  session: Session,
  home: string,
  answers: Readonly<Record<string, string>>,
  on: { readonly told: Told; readonly log: (line: string) => void },
): Promise<void> {
  // JSON strings are YAML, too.
  const text = Object.entries(answers).map(([key, value]) => `OVESETUP_NODE/${key}: ${JSON.stringify(value)}\n`);
  const put = `umask 077 && mkdir -p /var/lib/ovirt-engine/setup && cat >${answersOnHost}`;
  const { code: written, stderr: why } = await session.run(put, { input: text.join('') });
  if (written !== 0) throw new DeployFailure(`Nothing can be written on the host: ${lastLine(why)}. See whether its disk is full.`);
  const errors: string[] = [];
  let toldSoFar = 0;
  const tell: Told = (severity, said) => {
    if (toldSoFar++ < mostTold) on.told(severity, said);
  };
  const line = (one: string): void => {
    on.log(one);
    const { type, state, level, text: said } = parse(one);
    if (type === 'step' && state === 'started') tell('normal', plain(said));
    if (type !== 'message') return;
    if (level === 'warning') tell('warning', plain(said));
    if (level === 'error' && errors.length < mostErrors) errors.push(plain(said));
  };
  const program = ['node_modules/.bin/node', 'src/setup/cli/host-main.ts'].map((path) => quoted(`${home}/${path}`));
  const options = ['--disable-warning=ExperimentalWarning'];
  const words = [
    program[0],
    ...options,
    program[1],
    `--config=${answersOnHost}`,
    '--accept-defaults',
    '--yes',
    '--no-input',
    '--events=json',
  ];
  let ended = await session.run(words.join(' '), { line });
  for (let tries = 0; ended.code === busy && tries < mostTries; tries++) {
    if (tries === 0) on.told('warning', 'Another installation is at work on the host; waiting for its end');
    // Over there, so that the end of the connection is noticed meanwhile.
    await session.run('sleep 10');
    errors.length = 0;
    ended = await session.run(words.join(' '), { line });
  }
  const { code, stderr } = ended;
  stderr.split('\n').forEach((one) => on.log(one));
  if (code === 0) return;
  throw new DeployFailure(reasonOf(code, errors, stderr));
}

function reasonOf(code: number, errors: readonly string[], stderr: string): string {
  const said = errors.filter((text) => text !== 'Execution of setup failed').join('; ') || plain(lastLine(stderr));
  switch (code) {
    case refused:
      return `The host is not as it has to be, and this run has changed nothing there: ${said}`;
    case 3:
      return `Setup on the host was cut off, or not all could be taken back: ${said}. Install the host again: that takes it up.`;
    case 6:
      return `The host is set up, but not every service answers: ${said}. Its logs are in /var/log/vdsm.`;
    case busy:
      return 'Another installation is at work on the host. Wait for its end, and install the host again.';
    default:
      return `Setup on the host failed, and what it had changed was taken back: ${said}`;
  }
}
