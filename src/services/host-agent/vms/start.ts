import { randomBytes } from 'node:crypto';
import { isUuid } from '../../frame/uuid.ts';
import { type Params, VerbFailure, protocolCodes } from '../verbs.ts';
import { type Element, XmlError, child, childrenOf, parseXml, writeXml } from '../xml.ts';
import { codes, exitReasons } from './codes.ts';
import { fromFlat } from './flat.ts';
import { imagePath } from './image-path.ts';
import { type Machine, newMachine } from './machine.ts';
import type { Images, Machines } from './machines.ts';
import { type VolumeRef, readMetadata } from './metadata.ts';
import type { Ground } from './ground.ts';
import { admit } from './policy.ts';

export interface StartParts {
  readonly machines: Machines;
  readonly images: Images;
  /** Where storage domains are. */
  readonly imageFolders: readonly string[];
  readonly ground: () => Omit<Ground, 'sources' | 'password'>;
  readonly now: () => number;
}

/**
 * Begins `VM.create`: what is wrong with the definition is found before anything is changed. Returns the machine while it is being started.
 * @throws VerbFailure (1, 4, 9, 11)
 */
export function begin(vmParams: Params, id: string, parts: StartParts): Machine {
  const { machines, now } = parts;
  const xml = vmParams.optionalText('xml');
  const domain = xml === undefined ? fromFlat(vmParams) : read(xml);
  if (child(domain, 'uuid')?.text.toLowerCase() !== id)
    throw new VerbFailure(codes.cannotCreate, `The definition is of another virtual machine than ${id}`);
  const name = child(domain, 'name')?.text ?? '';
  if (name === '') throw new VerbFailure(codes.missing, 'The definition has no name');
  const metadata = readMetadata(domain);
  const paths = drivesOf(domain);
  // With the volumes in their places that stand for them, everything else can be judged now.
  const judged = (sources: ReadonlyMap<string, string | null>): string =>
    writeXml(admit(domain, metadata.element, { ...parts.ground(), sources, password: randomBytes(4).toString('hex') }));
  judged(new Map([...paths.keys()].map((target) => [target, null])));
  const machine = newMachine(id, name, now());
  machine.definition = xml ?? writeXml(domain);
  machines.add(machine);
  void start(machine, { paths, volumes: metadata.volumes, paused: metadata.launchPaused, judged }, parts);
  return machine;
}

interface Plan {
  /** What the definition says of each drive's content: a path, or null for none. */
  readonly paths: ReadonlyMap<string, string | null>;
  readonly volumes: ReadonlyMap<string, VolumeRef>;
  readonly paused: boolean;
  readonly judged: (sources: ReadonlyMap<string, string | null>) => string;
}

async function start(
  machine: Machine,
  { paths, volumes, paused, judged }: Plan,
  { machines, images, imageFolders }: StartParts,
): Promise<void> {
  const sources = new Map<string, string | null>();
  const prepared = new Map<string, VolumeRef>();
  machine.volumes = prepared;
  let xml: string;
  try {
    for (const [target, path] of paths) {
      const volume = volumes.get(target);
      if (volume === undefined) {
        sources.set(target, path === null ? null : await imagePath(path, imageFolders));
        continue;
      }
      sources.set(target, await images.prepare(volume));
      prepared.set(target, volume);
    }
    xml = judged(sources);
  } catch (error) {
    const message = error instanceof VerbFailure ? error.message : 'its volumes could not be made ready';
    return machines.down(machine, { code: 1, reason: exitReasons.startFailed, message });
  }
  if (machine.ending === 'destroy')
    return machines.down(machine, { code: 0, reason: exitReasons.destroyedAtStart, message: 'VM destroyed during the startup' });
  await machines.launch(machine, xml, paused);
}

function read(xml: string): Element {
  try {
    return parseXml(xml);
  } catch (error) {
    if (error instanceof XmlError) throw new VerbFailure(codes.cannotCreate, error.message);
    throw error;
  }
}

/** The drives of a definition by their targets, each with the path that stands there. */
function drivesOf(domain: Element): ReadonlyMap<string, string | null> {
  const drives = childrenOf(child(domain, 'devices'), 'disk').map((disk) => {
    const target = child(disk, 'target')?.attributes['dev'] ?? '';
    const { file, dev } = child(disk, 'source')?.attributes ?? {};
    const path = file ?? dev ?? '';
    return [target, path === '' ? null : path] as const;
  });
  const targets = drives.map(([target]) => target);
  const twice = targets.find((target, at) => targets.indexOf(target) !== at);
  if (twice !== undefined) throw new VerbFailure(codes.cannotCreate, `The definition has two disks ${twice}`);
  return new Map(drives);
}

/** The id of the machine that `VM.create` is about, which clients give in one of two places. */
export function idOf(params: Params, vmParams: Params): string {
  const id = params.optionalUuid('vmID') ?? vmParams.optionalUuid('vmId');
  if (id !== undefined) return id;
  const xml = vmParams.optionalText('xml');
  const found = xml === undefined ? undefined : child(read(xml), 'uuid')?.text;
  if (found === undefined || !isUuid(found)) throw new VerbFailure(protocolCodes.parameters, 'Parameter vmID is missing');
  return found.toLowerCase();
}
