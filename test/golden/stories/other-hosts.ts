import { file, textOf } from '#kit';
import { type Machine, newMachine } from '../../../src/setup/host/memory/index.ts';
import { privateKey } from '../../../src/setup/host/memory/private-keys.ts';
import { makeRequest } from '../../../src/setup/pki/request.ts';
import { authorityOfEngine } from '../../support/engine-authority.ts';
import { engineServer, host as warehouseHost, withEngine } from '../../support/engine-elsewhere.ts';
import { conf, install } from '../../support/installation.ts';
import { signedFor, signingServer } from '../../support/signing-server.ts';
import { sshServers } from '../../support/ssh-server.ts';
import { databasePassword, password, type Story, wizard } from './story.ts';

/** A host for the WebSocket proxy, and that of its engine. */
const besideEngine: Partial<Machine> = {
  hostname: 'proxy.example.net',
  names: new Map([
    ['proxy.example.net', ['192.0.2.10']],
    ['engine.example.net', ['192.0.2.30']],
  ]),
  dns: new Map([['proxy.example.net', ['192.0.2.10']]]),
};
const proxyByHand = {
  'OVESETUP_ENGINE_CORE/enable': 'bool:False',
  'OVESETUP_DWH_CORE/enable': 'bool:False',
  'OVESETUP_ENGINE_CONFIG/fqdn': 'str:engine.example.net',
  'OVESETUP_CONFIG/remoteEngineSetupStyle': 'str:manual_files',
};
const requestOfAnother = makeRequest({ key: privateKey(1024), names: ['proxy.example.net'] });

/** Components on hosts of their own: the data warehouse, and the WebSocket proxy. */
export const otherHosts: readonly Story[] = [
  {
    name: 'warehouse-on-another-host',
    machine: { names: new Map([...newMachine().names, ['dwh.example.net', ['192.0.2.20']]]) },
    typed: wizard({
      components: ['', 'no', 'no', 'no', 'no', 'no'],
      firewall: ['no'],
      historyDatabase: [],
      databaseClients: ['dwh', 'dwh.example.net'],
      ovnCredentials: [],
      scale: [],
    }),
  },
  {
    name: 'without-the-engine',
    machine: warehouseHost,
    before(machine) {
      machine.disk.set('/root/engine-ca.pem', file(authorityOfEngine, 0o644));
      return Promise.resolve(withEngine(machine, databasePassword));
    },
    typed: [
      ...['no', '', '', '', '', '', 'engine.example.net', '2', '/root/none.pem', '/root/engine-ca.pem', '', ''],
      ...['engine.example.net', '', '', '', '', '', 'wrong'],
      ...['engine.example.net', '', '', '', '', '', databasePassword],
      ...['', ''],
    ],
  },
  {
    name: 'warehouse-takes-an-engine-over',
    machine: {
      ...warehouseHost,
      warehouse: { dwhUuid: 'other', dwhHostname: 'former.example.net', running: true },
      sshServers: new Map([['engine.example.net:22', engineServer(password)]]),
    },
    before: (machine) => Promise.resolve(withEngine(machine, databasePassword)),
    typed: [
      ...['no', 'no', '', '', 'no', 'engine.example.net', '', '', 'yes', password, '', ''],
      ...['engine.example.net', '', '', '', '', '', databasePassword, '', 'yes', ''],
    ],
  },
  {
    name: 'remote-engine-over-ssh',
    machine: { ...warehouseHost, sshServers: new Map([['engine.example.net:2222', engineServer(password)]]) },
    before: (machine) => Promise.resolve(withEngine(machine, databasePassword)),
    typed: [
      ...['no', '', '', '', '', '', 'engine.example.net', ''],
      // The port, whether it is the right host, and the password of root.
      ...['', '2222', 'no', '2222', 'yes', 'wrong', '', password],
      // The places of both databases.
      ...['', '', 'engine.example.net', '', '', '', '', '', databasePassword],
      ...['', 'Cancel'],
    ],
  },
  {
    name: 'remote-engine-not-confirmed',
    machine: { sshServers: sshServers(password, 'engine.example.net:22') },
    answers: {
      'OVESETUP_ENGINE_CORE/enable': 'bool:False',
      'OVESETUP_DWH_CORE/enable': 'bool:True',
      'OVESETUP_CONFIG/fqdn': 'str:engine.example.net',
      'OVESETUP_ENGINE_CONFIG/fqdn': 'str:engine.example.net',
      'OVESETUP_CONFIG/remoteEngineHostRootPassword': 'str:wrong-canary',
    },
  },
  {
    name: 'proxy-signed-over-ssh',
    machine: { ...besideEngine, sshServers: new Map([['engine.example.net:22', signingServer(password)]]) },
    typed: ['no', '', 'no', '', '', '', 'engine.example.net', '1', '', 'yes', password, ''],
  },
  {
    name: 'proxy-waits-for-its-certificate',
    machine: besideEngine,
    typed: ['no', '', 'no', '', '', '', 'engine.example.net', '2', ''],
  },
  {
    name: 'proxy-signed-by-hand',
    before: async (machine) => {
      await install({ machine, files: [conf(proxyByHand)] });
      const request = textOf(machine.disk.get('/etc/pki/ovirt-engine/requests/websocket-proxy.csr'));
      machine.disk.set('/root/other.pem', file(signedFor('proxy.example.net', requestOfAnother), 0o644));
      machine.disk.set('/root/websocket-proxy.pem', file(signedFor('proxy.example.net', request), 0o644));
      return machine;
    },
    machine: besideEngine,
    typed: ['', '2', '/root/none.pem', '/root/other.pem', '/root/websocket-proxy.pem', ''],
  },
];
