import { openDisplay, proxyTicket, type Wanted } from '../../../consoles/console-work.ts';
import { typeOfConsole } from '../../../consoles/display.ts';
import { notFound } from '../../../http/refusal.ts';
import type { Entity } from '../../types.ts';
import type { Occasion, SpecialChange } from '../collection.ts';
import { permits } from '../permits.ts';
import { within } from '../stored.ts';

/* Opening displays of virtual machines. */

/** Seconds that a password is valid where a client does not say: for one that people open by hand, and for a file that a viewer opens at once. */
const usualSeconds = 7_200;
const fileSeconds = 120;
const mostSeconds = 604_800;

const viewerOf = ({ worker, asker }: Occasion): Wanted['viewer'] => ({ ...worker, administrator: asker.administrator });

/** Any display of a machine. */
const ofMachine = (occasion: Occasion): Wanted => ({
  ...{ database: occasion.database, consoles: occasion.consoles, machine: occasion.id, viewer: viewerOf(occasion) },
});

/** The display that a console of a machine stands for. Throws a refusal (404). */
function ofConsole(occasion: Occasion): Wanted {
  const type = typeOfConsole(occasion.id);
  if (type === undefined || occasion.place.parent === null) throw notFound();
  return { ...ofMachine(occasion), machine: occasion.place.parent, type };
}

function secondsOf({ entity }: Occasion): number {
  const ticket = entity['ticket'] as Entity | undefined;
  const expiry = ticket?.['expiry'];
  return expiry === undefined || expiry === null ? usualSeconds : within(1, mostSeconds, 'ticket.expiry')(expiry);
}

const ticket = (wantedOf: (occasion: Occasion) => Wanted): SpecialChange => ({
  permit: permits.connect_to_vm,
  async work(occasion) {
    const expiry = secondsOf(occasion);
    return openDisplay(wantedOf(occasion), expiry, async (_machine, _display, value) => ({ ticket: { value, expiry } }));
  },
});

/** A password for the display of a machine, as older viewers ask for it. */
export const machineTicket = ticket(ofMachine);

/** A password for one of the displays. */
export const consoleTicket = ticket(ofConsole);

/** A ticket for the WebSocket proxy. */
export const consoleProxyTicket: SpecialChange = {
  permit: permits.connect_to_vm,
  work: async (occasion) => proxyTicket(ofConsole(occasion)),
};

/** The file that virt-viewer opens the display with; nothing, where the machine does not run. */
export const consoleFile: SpecialChange = {
  permit: permits.connect_to_vm,
  async work(occasion) {
    const wanted = ofConsole(occasion);
    return openDisplay(
      wanted,
      fileSeconds,
      async (machine, display, password) => ({
        remote_viewer_connection_file: await occasion.consoles.viewerFile(machine, display, wanted.viewer, password, fileSeconds),
      }),
      'nothing',
    );
  },
};
