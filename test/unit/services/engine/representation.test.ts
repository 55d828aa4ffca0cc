import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toJson } from '../../../../src/services/engine/api/json.ts';
import type { Entity, Types } from '../../../../src/services/engine/api/types.ts';
import { toXml } from '../../../../src/services/engine/api/xml.ts';

const types: Types = {
  vm: {
    boot: { one: 'boot' },
    cpu_load: 'decimal',
    created: 'date',
    memory: 'integer',
    name: 'text',
    comment: 'text',
    stateless: 'boolean',
    storages: { many: 'host_storage' },
    nics: { many: 'network_interface', item: 'nic' },
    cluster: { one: 'cluster' },
  },
  boot: { devices: { scalars: 'text', item: 'device' } },
  cluster: {},
  host_storage: { type: 'text' },
  network_interface: { name: 'text' },
};

const vm: Entity = {
  id: '1',
  href: '/ovirt-engine/api/vms/1',
  actions: ['start'],
  below: ['nics'],
  links: [{ href: '/ovirt-engine/api/vms/1/disks?a=1&b', rel: 'disks' }],
  name: 'a<b>&"c"',
  comment: '',
  boot: { devices: ['hd', 'network'] },
  cpu_load: 0.5,
  created: new Date(1_500_000_000_123),
  memory: 1_073_741_824n,
  stateless: false,
  storages: [{ id: 's', type: 'nfs' }],
  nics: [{ name: 'nic1' }],
  cluster: { id: 'c', href: '/ovirt-engine/api/clusters/c' },
};

describe('XML', () => {
  it('has id and href as attributes and everything else as elements in the order of the API', () => {
    expect(toXml(types, 'vm', vm)).toBe(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<vm href="/ovirt-engine/api/vms/1" id="1">
    <actions>
        <link href="/ovirt-engine/api/vms/1/start" rel="start"/>
    </actions>
    <name>a&lt;b&gt;&amp;&quot;c&quot;</name>
    <comment></comment>
    <link href="/ovirt-engine/api/vms/1/nics" rel="nics"/>
    <link href="/ovirt-engine/api/vms/1/disks?a=1&amp;b" rel="disks"/>
    <boot>
        <devices>
            <device>hd</device>
            <device>network</device>
        </devices>
    </boot>
    <cpu_load>0.5</cpu_load>
    <created>2017-07-14T02:40:00.123+00:00</created>
    <memory>1073741824</memory>
    <stateless>false</stateless>
    <storages>
        <host_storage id="s">
            <type>nfs</type>
        </host_storage>
    </storages>
    <nics>
        <nic>
            <name>nic1</name>
        </nic>
    </nics>
    <cluster href="/ovirt-engine/api/clusters/c" id="c"/>
</vm>
`);
  });

  it('leaves out what is not set and shows empty lists as empty elements', () => {
    expect(toXml(types, 'vm', { name: null, nics: [], boot: undefined })).toContain('<vm>\n    <nics/>\n</vm>');
  });

  it('can hold any text without letting it out of its element', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const content = /<name>([^]*)<\/name>/.exec(toXml({ thing: { name: 'text' } }, 'thing', { name }))?.[1];
        expect(content).not.toMatch(/[<>\ufffe\uffff]|[^\t\n\r\P{Cc}]/u);
      }),
    );
  });
});

describe('JSON', () => {
  it('has integers and booleans as texts, dates as milliseconds, and lists under the name of their items', () => {
    expect(JSON.parse(toJson(types, 'vm', vm))).toEqual({
      id: '1',
      href: '/ovirt-engine/api/vms/1',
      actions: { link: [{ href: '/ovirt-engine/api/vms/1/start', rel: 'start' }] },
      link: [
        { href: '/ovirt-engine/api/vms/1/nics', rel: 'nics' },
        { href: '/ovirt-engine/api/vms/1/disks?a=1&b', rel: 'disks' },
      ],
      name: 'a<b>&"c"',
      comment: '',
      boot: { devices: { device: ['hd', 'network'] } },
      cpu_load: 0.5,
      created: 1_500_000_000_123,
      memory: '1073741824',
      stateless: 'false',
      storages: { host_storage: [{ id: 's', type: 'nfs' }] },
      nics: { nic: [{ name: 'nic1' }] },
      cluster: { id: 'c', href: '/ovirt-engine/api/clusters/c' },
    });
  });

  it('leaves out what is not set and shows empty lists as empty structures', () => {
    expect(JSON.parse(toJson(types, 'vm', { name: null, nics: [] }))).toEqual({ nics: {} });
  });
});

describe('a value that does not fit the table', () => {
  it('is an error rather than text nobody can read', () => {
    for (const write of [toXml, toJson]) {
      expect(() => write(types, 'vm', { memory: {} })).toThrow(TypeError);
      expect(() => write(types, 'vm', { created: 'yesterday' })).toThrow(TypeError);
      expect(() => write(types, 'unknown', {})).toThrow('is not described');
    }
  });
});
