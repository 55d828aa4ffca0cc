import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiCalls } from '../support/api-calls.ts';
import { adminPassword } from '../support/engine.ts';
import { hasLibgovirt, python } from '../support/libgovirt.ts';
import { useEngine } from '../support/running-engine.ts';
import { engineSettings, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from '../support/simulated-agent.ts';
import { addHost, wellBehaved } from '../support/simulated-host.ts';
import { addMachine } from '../support/simulated-machines.ts';
import { eventually } from '../support/waiting.ts';

/* A client that is not ours: the library that virt-viewer reaches engines with. Debian: gir1.2-govirt-1.0, python3-gi. */

const script = new URL('../support/libgovirt.py', import.meta.url).pathname;

describe.skipIf(!hasLibgovirt)('libgovirt', async () => {
  const pki = await makeAgentPki(['127.0.0.1', '127.0.0.2']);
  const running = useEngine(undefined, {
    settings: engineSettings(pki),
  });
  let agents: SimulatedAgents;
  let [host, machine] = ['', ''];
  const passwords: unknown[] = [];

  beforeAll(async () => {
    agents = await startSimulatedAgents(pki, { everywhere: true, verbs: wellBehaved() });
    agents.verbs['VM.updateDevice'] = ({ params }) => {
      passwords.push((params as Record<string, unknown>)['password']);
      return {};
    };
    host = await addHost(running.postgres, { name: 'h1', address: '127.0.0.2', port: agents.port });
    machine = await addMachine(running.postgres, { name: 'web', host, status: 1 });
    await addMachine(running.postgres, { name: 'other' });
    await running.postgres.query(`update vm_device set device = 'spice' where vm_id = $1 and type = 'graphics'`, [machine]);
    await running.postgres.query('update vm_dynamic set graphics = $2 where vm_guid = $1', [
      machine,
      JSON.stringify([{ type: 'spice', port: 5900, tlsPort: 5901, address: '0.0.0.0' }]),
    ]);
  });
  afterAll(async () => {
    await agents.stop();
    await pki.remove();
  });

  it.each(['a password', 'the token of a console file'])(
    'lists what there is, finds a machine, and opens its display, with %s',
    async (how) => {
      const { engine, postgres } = running;
      const { call, got } = apiCalls(running);
      // The engine has to have its turn with hosts.
      await eventually(async () => expect((await call(`vms/${machine}/ticket`, { body: {} })).status).toBe(200));
      const file = await got(`vms/${machine}/graphicsconsoles/7370696365/remoteviewerconnectionfile`, { body: {} });
      const token = /^sso-token=(.*)$/m.exec(String(file['remote_viewer_connection_file']))?.[1] ?? '';
      const login = how === 'a password' ? ['admin@internal', adminPassword] : ['token', token];
      const { stdout } = await execa(python, [script, `localhost:${engine.port}`, join(engine.folder, 'ca.pem'), ...login]);
      const [cluster] = await postgres.query<{ id: string }>('select cluster_id::text as id from cluster');
      expect(JSON.parse(stdout)).toEqual({
        ...{
          clusters: ['Default'],
          'data centers': ['Default'],
          hosts: ['h1'],
          'storage domains': [],
          machines: ['other', 'web'],
          found: ['web'],
        },
        ...{ state: 'up', cluster: cluster?.id, host, drives: [null] },
        display: {
          ...{
            type: 'spice',
            address: '127.0.0.2',
            port: 5900,
            'secure-port': 5901,
            'monitor-count': 1,
            'host-subject': 'O=Test,CN=127.0.0.2',
          },
          ...{
            ticket: passwords.at(-1),
            expiry: 7200,
            'ca-cert': expect.stringContaining('BEGIN CERTIFICATE') as string,
            'allow-override': false,
          },
        },
      });
    },
  );
});
