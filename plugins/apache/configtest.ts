import type { HostReader } from '#kit';
import type { Layout } from './layouts.ts';

/** What Apache itself has to say against its configuration; undefined if it could start with it. */
export async function configurationFlaw(host: HostReader, { test }: Layout): Promise<string | undefined> {
  const { code, stdout, stderr } = await host.query({ argv: test });
  if (code === 0) return undefined;
  // The tool around Apache adds that it has failed, and that a log which is empty may say more.
  const said = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
  const words = said.filter((line) => line !== '' && !/^(Action 'configtest' failed|The Apache error log may)/.test(line));
  return words.join(' ') || `${test.join(' ')} ended with code ${code}`;
}
