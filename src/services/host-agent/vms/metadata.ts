import { type Element, child, element } from '../xml.ts';

/* What the engine keeps with a virtual machine in libvirt: `<metadata>` of the definition, in a name space of its own. */

const vmSpace = 'http://ovirt.org/vm/1.0';

/** The values of an image, as they name a volume of a storage domain. */
export interface VolumeRef {
  readonly poolID: string;
  readonly domainID: string;
  readonly imageID: string;
  readonly volumeID: string;
}

export interface Metadata {
  /** The element itself, complete with its name space; undefined where there is none. */
  readonly element: Element | undefined;
  readonly launchPaused: boolean;
  /** Volumes by the name of the device they are for, `sda` for instance. */
  readonly volumes: ReadonlyMap<string, VolumeRef>;
}

const prefixOf = (name: string): string => (name.includes(':') ? name.slice(0, name.indexOf(':')) : '');
const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** Reads the metadata of a definition. */
export function readMetadata(domain: Element): Metadata {
  const found = child(domain, 'metadata')?.children.find((one) => {
    const declared = `xmlns${prefixOf(one.name) === '' ? '' : `:${prefixOf(one.name)}`}`;
    return localName(one.name) === 'vm' && (one.attributes[declared] ?? domain.attributes[declared]) === vmSpace;
  });
  const fields = found?.children ?? [];
  const textOf = (parent: readonly Element[], name: string): string | undefined => parent.find((one) => localName(one.name) === name)?.text;
  const volumes = fields
    .filter((one) => localName(one.name) === 'device' && one.attributes['devtype'] === 'disk')
    .flatMap(({ attributes, children }) => {
      const get = (name: string): string => textOf(children, name) ?? '';
      const volume = { poolID: get('poolID'), domainID: get('domainID'), imageID: get('imageID'), volumeID: get('volumeID') };
      const isWhole = Object.values(volume).every((one) => one !== '');
      return isWhole && attributes['name'] !== undefined ? [[attributes['name'], volume] as const] : [];
    });
  const declaration = `xmlns${found === undefined || prefixOf(found.name) === '' ? '' : `:${prefixOf(found.name)}`}`;
  return {
    element: found === undefined ? undefined : { ...found, attributes: { ...found.attributes, [declaration]: vmSpace } },
    launchPaused: textOf(fields, 'launchPaused') === 'true',
    volumes: new Map(volumes),
  };
}

/** Makes metadata of volumes, for definitions that came without XML. */
export const writeMetadata = (launchPaused: boolean, volumes: readonly (readonly [string, VolumeRef])[]): Element =>
  element('metadata', {}, [
    element('ovirt-vm:vm', { 'xmlns:ovirt-vm': vmSpace }, [
      element('ovirt-vm:launchPaused', {}, String(launchPaused)),
      ...volumes.map(([name, volume]) =>
        element(
          'ovirt-vm:device',
          { devtype: 'disk', name },
          Object.entries(volume).map(([key, value]: [string, string]) => element(`ovirt-vm:${key}`, {}, value)),
        ),
      ),
    ]),
  ]);
