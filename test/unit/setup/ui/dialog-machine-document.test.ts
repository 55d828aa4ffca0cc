import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EndOfInput, message, term } from '#kit';
import { machineDialog } from '../../../../src/setup/ui/dialog-machine.ts';
import { silentLog } from '../../../../src/setup/ui/log.ts';
import { newMask } from '../../../../src/setup/ui/mask.ts';

const document = readFileSync(new URL('../../../../docs/machine-dialect.md', import.meta.url), 'utf8');
const [, exchange = ''] = /^```text\n(.*?)^```$/ms.exec(document) ?? [];

test('the exchange in the document is what is sent and received', async () => {
  const replies = [...exchange.matchAll(/^> (.*)$/gm)].map(([, reply]) => reply);
  let seen = '';
  const dialog = machineDialog({
    screen: { colour: false, write: (text) => void (seen += text) },
    mask: newMask({ words: false }),
    log: silentLog('/log'),
    keyboard: {
      close: () => undefined,
      async line() {
        const reply = replies.shift();
        if (reply === undefined) throw new EndOfInput();
        seen += `> ${reply}\n`;
        return reply;
      },
    },
  });
  dialog.stage('customization');
  seen = seen.slice(seen.indexOf('**%EventStart'));
  dialog.log('info', message`Stage: ${term('Environment customization')}`);
  dialog.title('PRODUCT OPTIONS');
  const enable = { name: 'OVESETUP_ENGINE_ENABLE', text: 'Configure Engine on this host', choices: ['Yes', 'No'], initial: 'Yes' };
  await dialog.ask({ ...enable, hidden: false });
  await dialog.ask({ name: 'OVESETUP_CONFIG_ADMIN_SETUP', text: 'Engine admin password', choices: [], hidden: true });
  const organization = { name: 'OVESETUP_PKI_ORG', text: 'Organization name for certificate', choices: [], initial: 'example.com' };
  dialog.provided({ ...organization, hidden: false }, 'Example');
  dialog.log('warning', message`Failed to resolve ${'engine.example.com'} using DNS`);
  dialog.terminate();
  // Editors take blanks away from the ends of lines in documents.
  expect(seen.replace(/ +$/gm, '')).toBe(exchange);
});
