import { randomUUID } from 'node:crypto';
import { type MachineStatus } from '../../../machines/machine-status.ts';
import { Refusal } from '../../../http/refusal.ts';
import { invalidValue, rejected } from '../../fault.ts';
import { givenOf, needAll } from '../../store.ts';
import type { Entity } from '../../types.ts';
import { type Field, type Occasion, type Special, textOf, type Work } from '../collection.ts';
import { needPermitOn } from '../permit-on.ts';
import { permits, systemObject } from '../permits.ts';
import { plainName } from '../stored.ts';
import { isBusy, isFree, machineOf, notInStatus } from './machine-subject.ts';
import { interfaceChoices, interfaceNumbers } from './machine-words.ts';
import { columnsOf, rowOf } from './special-vms.ts';

/* Network interfaces of virtual machines, templates and instance types, as they are added, changed and removed. */

/** An address in the form that is stored. Throws a fault (400) for one that no interface can have. */
function macOf(value: unknown): string {
  const mac = String(value).trim().toLowerCase().replaceAll('-', ':');
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) throw rejected('A MAC address has the form 56:6f:00:00:00:01.');
  if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) throw rejected(`${mac} is the address of a group, which no interface can have.`);
  if (mac === '00:00:00:00:00:00') throw rejected(`${mac} is no address that an interface can have.`);
  return mac;
}

function interfaceOf(value: unknown): number {
  const word = String(value).toLowerCase();
  if (!Object.hasOwn(interfaceNumbers, word)) throw invalidValue('interface', interfaceChoices);
  if (!(interfaceChoices as readonly string[]).includes(word))
    throw new Refusal(409, `Network interfaces of the kind ${word} are not supported. Choose one of: ${interfaceChoices.join(', ')}.`);
  return interfaceNumbers[word as keyof typeof interfaceNumbers];
}

const fields: Readonly<Record<string, Field>> = {
  name: { column: 'name', required: true, longest: 50, store: plainName },
  interface: { column: 'type', store: interfaceOf },
  linked: { column: 'linked' },
  'mac.address': { column: 'mac_addr', store: macOf },
  plugged: { column: 'is_plugged' },
  vnic_profile: { column: 'vnic_profile_id', reference: 'vnicprofiles', clearable: true },
};

interface Owner {
  readonly name: string;
  readonly object: string;
  readonly cluster: string | null;
  readonly about: Pick<Work, 'machine' | 'template'>;
}

/** While a machine runs, its interfaces stay as they are. */
const changeable: readonly MachineStatus[] = ['down', 'image_locked', 'suspended'];

/** Whose interface it is. Throws refusals (404, 409). */
async function ownerOf(rel: string, occasion: Occasion): Promise<Owner> {
  const id = occasion.place.parent ?? '';
  if (rel === 'vms') {
    const subject = await machineOf(occasion, id);
    if (!changeable.includes(subject.status)) throw notInStatus(subject, 'change the network interfaces of', changeable);
    return { name: subject.name, object: id, cluster: subject.cluster, about: { machine: id } };
  }
  const row = await rowOf(occasion.database, id);
  const cluster = row['cluster_id'];
  return {
    name: String(row['vm_name']),
    object: rel === 'templates' ? id : systemObject,
    cluster: typeof cluster === 'string' ? cluster : null,
    about: rel === 'templates' ? { template: id } : {},
  };
}

/** A network that a client named in the place of a profile, as older ones do: the first profile of that network in the data center. */
async function withProfile({ database, entity }: Occasion, cluster: string | null): Promise<Entity> {
  const network = entity['network'] as Entity | null | undefined;
  if ((network ?? null) === null || (entity['vnic_profile'] ?? null) !== null) return entity;
  const [found] = await database.query<{ id: string }>(
    `select p.id::text as id from vnic_profiles p join network n on n.id = p.network_id join cluster c on c.storage_pool_id = n.storage_pool_id
     where c.cluster_id = $1 and (n.id::text = $2 or ($2 = '' and n.name = $3)) order by p.name limit 1`,
    [cluster, network?.id ?? '', network?.['name'] ?? ''],
  );
  if (found === undefined)
    throw new Refusal(404, 'There is no network with this id or name in the data center, or it has no vNIC profile.');
  return { ...entity, vnic_profile: { id: found.id } };
}

/** Throws refusals (403, 409) for a profile that the user may not use, or whose network is not in the cluster. */
async function needUsable(occasion: Occasion, profile: unknown, cluster: string | null): Promise<void> {
  if (typeof profile !== 'string') return;
  await needPermitOn(occasion, permits.assign_vnic_profile, profile, 'this vNIC profile');
  if (cluster === null) return;
  const near = await occasion.database.query(
    'select from vnic_profiles p join network_cluster n using (network_id) where p.id = $1 and n.cluster_id = $2',
    [profile, cluster],
  );
  if (near.length === 0)
    throw new Refusal(409, 'The network of the vNIC profile is not one of the cluster. Attach it to the cluster first.');
}

const events = {
  add: { code: 932, name: 'NETWORK_ADD_VM_INTERFACE', done: 'added to' },
  update: { code: 934, name: 'NETWORK_UPDATE_VM_INTERFACE', done: 'changed of' },
  remove: { code: 930, name: 'NETWORK_REMOVE_VM_INTERFACE', done: 'removed from' },
} as const;

const eventOf = (change: keyof typeof events, owner: Owner): Work['event'] => {
  const { code, name, done } = events[change];
  return { code, name, text: `Interface \${name} was ${done} ${owner.name} by \${user}.` };
};

async function adding(rel: string, occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { members, asker, place } = occasion;
  needAll('nic', fields, occasion.entity);
  const owner = await ownerOf(rel, occasion);
  const given = columnsOf(await givenOf(fields, await withProfile(occasion, owner.cluster), members, asker));
  await needUsable(occasion, given['vnic_profile_id'], owner.cluster);
  return {
    ...{ object: owner.object, name: String(given['name']), ...owner.about },
    event: eventOf('add', owner),
    statement: (values) => {
      const columns = Object.entries({ id: randomUUID(), vm_guid: place.parent, ...given });
      return [
        [
          'done',
          `insert into vm_interface (${columns.map(([column]) => column).join(', ')})
           select ${columns.map(([, value]) => values.add(value)).join(', ')} from vm_static s
           where s.vm_guid = ${values.add(place.parent)} and ${isFree('s.vm_guid')} returning id::text as id, name::text as name`,
        ],
      ];
    },
    otherwise: isBusy(owner.name),
  };
}

async function changing(rel: string, occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { id, members, asker } = occasion;
  const owner = await ownerOf(rel, occasion);
  const given = columnsOf(await givenOf(fields, await withProfile(occasion, owner.cluster), members, asker));
  await needUsable(occasion, given['vnic_profile_id'], owner.cluster);
  return {
    ...{ object: owner.object, name: textOf(occasion.entity, 'name'), ...owner.about },
    event: eventOf('update', owner),
    statement: (values) => [
      [
        'done',
        `update vm_interface set ${['_update_date = now()', ...Object.entries(given).map(([column, value]) => `${column} = ${values.add(value)}`)].join(', ')}
         where id = ${values.add(id)} and ${isFree('vm_guid')} returning id::text as id, name::text as name`,
      ],
    ],
    otherwise: isBusy(owner.name),
  };
}

async function removing(rel: string, occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const owner = await ownerOf(rel, occasion);
  return {
    ...{ object: owner.object, ...owner.about },
    event: eventOf('remove', owner),
    statement: (values) => [
      [
        'done',
        `delete from vm_interface where id = ${values.add(occasion.id)} and ${isFree('vm_guid')} returning id::text as id, name::text as name`,
      ],
    ],
    otherwise: isBusy(owner.name),
  };
}

export function nicSpecial(rel: string): Special {
  const permit = rel === 'vms' ? permits.configure_vm_network : permits.configure_template_network;
  return {
    add: { permit, work: (occasion) => adding(rel, occasion) },
    update: { permit, work: (occasion) => changing(rel, occasion) },
    remove: { permit, work: (occasion) => removing(rel, occasion) },
  };
}
