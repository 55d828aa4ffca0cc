import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { render } from '../../src/setup/render/render.ts';
import { hostName } from '../support/host-image.ts';
import { bootHost, programOnHost, whyNoHosts } from '../support/test-host.ts';
import { eventually } from '../support/trial.ts';
import { type WholeHost, canaries, expectCode, forInstallation } from '../support/whole-host.ts';

/*
 * Serial consoles, as people reach them with OpenSSH: through the proxy beside the engine to the server for consoles of a host, which is the
 * same machine here, and to a console that is a socket of socat.
 */

const obstacle = await whyNoHosts();
const keys = '/etc/pki/ovirt-vmconsole';
const side = '/etc/ovirt-vmconsole/ovirt-vmconsole-host';
const vm = (number: number): string => `${number}`.repeat(8) + `-1111-4111-8111-111111111111`;

const api = `curl --silent --fail --cacert /etc/pki/ovirt-engine/ca.pem --header 'Content-Type: application/json' --header 'Accept: application/json'`;
const authority = `printf 'user = "admin@internal:%s"' '${canaries.admin}' | ${api} --config - https://${hostName}/ovirt-engine/api`;
const ssh = `ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/root/known_hosts -p 2222`;
const proxy = `ovirt-vmconsole@${hostName}`;

describe.skipIf(obstacle !== null)(`serial consoles with ssh${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  let user = '';
  const sql = (statement: string): Promise<string> => host.shell(`runuser -u postgres -- psql --no-psqlrc -Atd engine -c "${statement}"`);
  const run = (line: string) => host.run(['sh', '-c', line]);
  /** Types into a session after some seconds each, and gives all that the terminal shows. */
  const typed = (words: string, ...keysTyped: readonly string[]) => {
    const all = [...keysTyped.map((key) => `sleep 3; printf '${key}'`), 'sleep 3'].join('; ');
    return run(`(${all}) | timeout 60 ${ssh} -i /root/key -tt ${proxy} ${words} 2>&1`);
  };
  const giveKey = (file: string): Promise<string> =>
    host.shell(`printf '{"content":"%s"}' "$(cat ${file}.pub)" >/root/body; ${authority}/users/${user}/sshpublickeys --data @/root/body`);

  beforeAll(async () => {
    host = await forInstallation(await bootHost('equipped'));
    expectCode(await host.setup(), 0);
    await host.shell(`cd /root && ssh-keygen -q -t ed25519 -N '' -f key -C 'me at home' && ssh-keygen -q -t ecdsa -N '' -f other
      echo "@cert-authority * $(cut -d' ' -f1,2 ${keys}/ca.pub)" >known_hosts`);
    user = (await sql(`select user_id from users where username = 'admin'`)).trim();
    await giveKey('/root/key');
    await hostSide();
  });
  afterAll(() => host.remove());

  /** What the host deploy of a later version brings to a host. The certificate is made by ssh-keygen: it takes the key of the authority, too. */
  async function hostSide(): Promise<void> {
    const node = `${programOnHost}/node_modules/.bin/node`;
    const configuration = render('vmconsole/host-sshd_config', {
      port: 2223,
      hostKey: `${keys}/host-ssh_host_rsa`,
      hostCertificate: `${keys}/host-ssh_host_rsa-cert.pub`,
      account: 'ovirt-vmconsole',
      authority: `${keys}/ca.pub`,
      principals: `${side}/principals`,
      cache: '/var/cache/ovirt-engine/ovirt-vmconsole-host-sshd',
      node,
      shell: `${programOnHost}/src/services/vmconsole-host/main.ts`,
    });
    const command = ['/usr/sbin/sshd', '-D', '-e', '-f', `${side}/sshd_config`];
    const unit = 'ovirt-vmconsole-host-sshd';
    await host.shell(`mkdir -p ${side} && echo ovirt-vmconsole-proxy >${side}/principals`);
    for (const [text, path] of [
      [configuration, `${side}/sshd_config`],
      [render(`systemd/${unit}.service`, { unit, command, account: 'ovirt-vmconsole' }), `/etc/systemd/system/${unit}.service`],
    ] as const) {
      const file = join(tmpdir(), `vmconsole-${process.pid}`);
      await writeFile(file, text);
      await host.copy(file, path);
    }
    await host.shell(`cd ${keys} && ssh-keygen -q -t rsa -N '' -f host-ssh_host_rsa
      install -m 600 /etc/pki/ovirt-engine/private/ca.pem /run/authority
      ssh-keygen -q -s /run/authority -h -I host -n ${hostName},ovirt-vmconsole-host -V -1d:+30d host-ssh_host_rsa.pub; rm /run/authority
      chown ovirt-vmconsole: host-ssh_host_rsa; chmod 644 ${side}/*
      install -d -o ovirt-vmconsole -m 750 /run/ovirt-vmconsole-console; systemctl daemon-reload; systemctl start ${unit}`);
    for (const [number, echo] of [
      [1, 'cat'],
      [2, 'tr a-z A-Z'],
    ] as const) {
      const socket = `UNIX-LISTEN:/run/ovirt-vmconsole-console/${vm(number)}.sock,fork`;
      await host.shell(`systemd-run --quiet --unit=console${number} -p User=ovirt-vmconsole socat ${socket} EXEC:'stdbuf -o0 ${echo}'`);
    }
  }

  const consoles = (...numbers: readonly number[]): Promise<string> =>
    sql(
      // A host in maintenance is left alone by the engine.
      `delete from vm_dynamic; delete from vm_static where entity_type = 'VM'; delete from vds_static;
       with h as (insert into vds_static (vds_id, vds_name, host_name, cluster_id) select gen_random_uuid(), 'node', '${hostName}', cluster_id from cluster limit 1 returning vds_id, cluster_id),
       d as (insert into vds_dynamic (vds_id, status) select vds_id, 2 from h),
       t as (insert into vds_statistics (vds_id) select vds_id from h),
       v as (insert into vm_static (vm_guid, vm_name, entity_type, cluster_id, vmt_guid, mem_size_mb, max_memory_size_mb, min_allocated_mem)
         select vm::uuid, name, 'VM', cluster_id, '00000000-0000-0000-0000-000000000000', 64, 64, 64
         from h, (values ${numbers.map((one) => `('${vm(one)}', 'vm${one}')`).join(', ')}) v (vm, name) returning vm_guid),
       r as (insert into vm_dynamic (vm_guid, status, run_on_vds) select vm_guid, 1, vds_id from v, h)
       insert into vm_device (device_id, vm_id, type, device) select gen_random_uuid(), vm_guid, 'console', 'console' from v`,
    );

  test('are listed for whoever has a key and permission, under a certificate that ssh trusts', async () => {
    await consoles(1, 2);
    expect(await host.shell(`${ssh} -i /root/key ${proxy} list`)).toBe(`${vm(1)}\tvm1\n${vm(2)}\tvm2\n`);
    expect(await host.shell(`${ssh} -i /root/key ${proxy} info`)).toContain('user: admin@internal');
    // The address is not in the certificate.
    expect(await run(`${ssh} -i /root/key ovirt-vmconsole@127.0.0.1 list`)).toMatchObject({ code: 255, stdout: '' });
  });

  test('let nobody in by another key, as another account, or with a password, and forward nothing', async () => {
    const refused = async (words: string): Promise<void> => {
      const { code, stdout, stderr } = await run(words);
      expect([code, stdout], stderr).toEqual([255, '']);
      expect(stderr).toContain('Permission denied (publickey)');
    };
    await refused(`${ssh} -i /root/other ${proxy} list`);
    await refused(`${ssh} -i /root/key root@${hostName} list`);
    await refused(`${ssh} -o PreferredAuthentications=password,keyboard-interactive ${proxy} list`);
    expect((await run(`${ssh} -i /root/key -W ${hostName}:443 ${proxy} </dev/null`)).stderr).toContain('administratively prohibited');
    expect((await run(`${ssh} -i /root/key -o ExitOnForwardFailure=yes -R 8022:127.0.0.1:22 ${proxy} list`)).code).toBe(255);
    expect((await run(`${ssh} -i /root/key -s ${proxy} sftp </dev/null`)).code).not.toBe(0);
    expect((await run(`${ssh} -i /root/key ${proxy} 'list; id'`)).stdout).toBe('');
  });

  test('are connected from the menu and directly, carry every byte, and are left with ~.', async () => {
    await consoles(1, 2);
    const chosen = await typed('', '9\\r', '2\\r', 'hello\\003\\r', '\\r~.');
    expect(chosen.stdout).toContain(`01 vm1[${vm(1)}]`);
    expect(chosen.stdout).toContain('Choose a number from 1 to 2, or exit.');
    expect(chosen.stdout).toContain('HELLO\u0003');
    expect((await typed('connect --vm-name vm1', 'hello\\r', '\\r~.')).stdout).toContain('hello');
    expect((await typed('connect', 'exit\\r')).code).toBe(0);
    expect((await typed('connect --vm-name vm7')).stdout).toContain('There is no such console');
    expect((await run(`${ssh} -i /root/key ${proxy} connect`)).stderr).toContain('A console needs a terminal');
    await consoles(3);
    expect((await typed('connect')).stdout).toContain('The console is not there.');
    const said = await sql(`select message from audit_log where log_type in (167, 168, 9850) order by audit_log_id`);
    expect(said).toContain('User admin@internal is connected to the serial console of vm2 from');
    expect(said).toContain('User admin@internal has left the serial console of vm2 from');
    expect(said).toContain('User admin@internal was refused the serial console of vm7 from');
  });

  test('are closed when the key is taken away, and nothing is left of a client that vanishes', async () => {
    await consoles(1);
    const helper = '/etc/ovirt-engine/ovirt-vmconsole-proxy-helper.conf.d/99-quick.conf';
    await host.shell(`echo 'CHECK_SECONDS="1"' >${helper}`);
    const processes = async (): Promise<number> => Number(await host.shell(`pgrep -c -u ovirt-vmconsole || true`));
    const before = await processes();
    const session = typed('connect', 'hello\\r', '', '', '', '');
    await eventually('it is connected', async () => (await processes()) > before + 3);
    await sql(`update user_profiles set property_type = 'JSON'`);
    expect((await session).stdout).toContain('You may not use this console any more.');
    await sql(`update user_profiles set property_type = 'SSH_PUBLIC_KEY'`);
    const vanishing = typed('connect', 'hello\\r', '', '', '', '');
    await eventually('it is connected', async () => (await processes()) > before + 3);
    await host.shell(`pkill -KILL -x -u root ssh`);
    await vanishing;
    await eventually('nothing is left', async () => (await processes()) === before);
    await host.shell(`rm ${helper}`);
  });

  test('are asked for by many connections, of which nothing is left', async () => {
    await consoles(1, 2);
    const left = (): Promise<string> =>
      host.shell(
        'echo $(pgrep -c -u ovirt-vmconsole) processes $(ls /dev/pts | wc -l) terminals $(ls /proc/$(systemctl show -P MainPID ovirt-vmconsole-proxy-sshd)/fd | wc -l) descriptors',
      );
    const before = await left();
    const connections = `seq 100 | xargs -P 8 -I{} ${ssh} -i /root/key ${proxy} list`;
    expect((await host.shell(connections)).trim().split('\n')).toHaveLength(200);
    await eventually('nothing is left', async () => (await left()) === before);
  });

  test('are no way for anybody else to a host, nor for the proxy to anything else there', async () => {
    const to = `ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/root/known_hosts -p 2223`;
    expect((await run(`${to} -i /root/key ovirt-vmconsole@${hostName} connect --console=${vm(1)}.sock`)).code).toBe(255);
    await host.shell(
      `install -m 600 ${keys}/proxy-ssh_user_rsa /root/proxy && cp ${keys}/proxy-ssh_user_rsa-cert.pub /root/proxy-cert.pub`,
    );
    const asProxy = (words: string) => run(`${to} -i /root/proxy -tt ovirt-vmconsole@${hostName} '${words}' </dev/null 2>&1`);
    for (const words of ['', 'id', 'connect --console=../../../etc/passwd', `connect --console=${vm(1)}.sock; id`])
      expect(await asProxy(words)).toMatchObject({ code: 1, stdout: expect.stringContaining('There is no such command') as string });
  });

  test('go away when they are declined, and leave nobody inside', async () => {
    const off = '--set OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig=False'.split(' ');
    expectCode(await host.setup(undefined, ...off), 0);
    expect((await run('systemctl is-active ovirt-vmconsole-proxy-sshd')).stdout).toBe('inactive\n');
    expect((await run(`ss -Hltn sport = :2222`)).stdout).toBe('');
    expect((await run('firewall-cmd --quiet --query-service=ovirt-vmconsole-proxy')).code).toBe(1);
  });
});
