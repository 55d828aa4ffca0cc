import { viewerFileType } from '../../../consoles/viewer-file.ts';
import { type Collection, type Row } from '../collection.ts';
import type { OpenDisplay } from './machine-shape.ts';
import { type MachineRel, ownerOf } from './nics.ts';
import { displayHostSql, shownAddress } from './shown-display.ts';
import { consoleFile, consoleProxyTicket, consoleTicket } from './special-consoles.ts';
import { graphicsSpecial } from './special-graphics.ts';

/** Ids of graphics consoles are their protocols in hexadecimal, the same for every machine: `766e63` for VNC. */
const idSql = `encode(convert_to(t.device, 'UTF8'), 'hex')`;

const openOf = (row: Row): OpenDisplay | undefined =>
  ((row['graphics'] ?? []) as readonly OpenDisplay[]).find(({ type }) => type === row['device']);

/** Displays of virtual machines, templates or instance types; with address and ports where they are open. */
export const machineGraphics = (rel: MachineRel): Collection => ({
  rel: 'graphicsconsoles',
  below: { rel, condition: 't.vm_id = $parent' },
  type: 'graphics_console',
  about: `Graphics consoles of one of the ${rel}.`,
  from: `(select v.vm_id, v.device, d.graphics, ${displayHostSql('d.run_on_vds')} as display_host from vm_device v left join vm_dynamic d on d.vm_guid = v.vm_id where v.type = 'graphics') t`,
  id: idSql,
  idKind: 'name',
  columns: 't.vm_id, t.device, t.graphics, t.display_host',
  describe: (row) => {
    const open = openOf(row);
    return {
      address: open === undefined ? undefined : shownAddress(open.address, row),
      port: open?.port,
      protocol: String(row['device']),
      tls_port: open?.tlsPort,
      ...ownerOf(rel, row['vm_id']),
    };
  },
  order: 't.device',
  sight: rel === 'instancetypes' ? 'everybody' : 'permitted',
  object: 't.vm_id',
  search: { protocol: { sql: 't.device', as: 'text' } },
  words: ['protocol'],
  special: graphicsSpecial(rel),
  ...(rel === 'vms'
    ? {
        actions: { proxyticket: consoleProxyTicket, remoteviewerconnectionfile: consoleFile, ticket: consoleTicket },
        file: { mediaType: viewerFileType, make: consoleFile, attribute: 'remote_viewer_connection_file' },
      }
    : {}),
});
