import { type Summary, type View, message, plugin } from '#kit';
import { fqdn } from '../network/settings.ts';
import { websocketAlone, websocketPort } from '../websocket/settings.ts';
import { enrolmentSteps } from './enrol.ts';
import { enrolment } from './enrolment.ts';
import {
  authorityFile,
  byHand,
  certificateComes,
  engineFqdn,
  hostKey,
  rootPassword,
  setupStyle,
  signedCertificate,
  sshPort,
  told,
} from './settings.ts';
import { tell, toldByHand } from './tell.ts';

/** What is left to be done on the host with the engine. */
function summary(view: View): readonly Summary[] {
  if (!websocketAlone(view)) return [];
  if (!certificateComes(view))
    return [
      {
        block: 'certificates',
        lines: [...byHand(view), 'Run engine-setup here once more: it asks for the file.'],
        warnings: ['The WebSocket proxy is not set up yet: its certificate has to be signed on the host with the engine'],
      },
    ];
  const address = `${view.get(fqdn)}:${view.get(websocketPort)}`;
  return [
    {
      block: 'certificates',
      lines: [message`Have the engine send browsers here, on ${view.get(engineFqdn)}: engine-config -s WebSocketProxy=${address}`],
    },
  ];
}

export default plugin({
  name: 'remote-engine',
  facts: [enrolment, told],
  settings: [engineFqdn, setupStyle, sshPort, hostKey, rootPassword, authorityFile, signedCertificate],
  steps: (view) => [...enrolmentSteps(view), ...tell(view)],
  summary: (view) => Promise.resolve([...summary(view), ...toldByHand(view)]),
});
