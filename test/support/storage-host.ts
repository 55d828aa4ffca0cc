import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskStatus } from '../../src/services/host-agent/storage/tasks.ts';
import { bootHost, programOnHost, type TestHost } from './test-host.ts';

/** Where hosts see the folder that they share. */
export const shared = '/srv/shared/pool';
const node = `${programOnHost}/node_modules/.bin/node`;
const agentSocket = '/run/agent/socket';

/** The unit of the helper, as an installation makes it. */
const helperUnit = `[Service]
Type=notify
NotifyAccess=all
ExecStart=${node} ${programOnHost}/src/services/host-helper/main.ts
RuntimeDirectory=ovirt-host-helper
RuntimeDirectoryMode=0755
UMask=0077
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_READ_SEARCH
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=/rhev/data-center/mnt
ProtectHome=yes
PrivateTmp=yes
PrivateNetwork=yes
PrivateIPC=yes
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
DevicePolicy=closed
IPAddressDeny=any
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
`;

/**
 * sanlock as Debian has it, without a watchdog. It does not start where it may not lift the limits for locked memory and priorities, as in a container,
 * so it is told that it has.
 */
export const sanlockInContainer = `[Service]
Type=simple
ExecStart=
ExecStart=/usr/bin/strace -f -o /dev/null --seccomp-bpf -e trace=prlimit64 -e inject=prlimit64:retval=0:when=2..3 /usr/sbin/sanlock daemon -D -w 0 -h 0 -l 0
`;

const agentUnit = `[Service]
User=vdsm
Group=kvm
RuntimeDirectory=agent
UMask=0077
ExecStart=${node} ${programOnHost}/test/support/storage-console.ts ${agentSocket} /etc/vdsm/agent.conf
`;

const preparation = `set -e
umask 022
groupmod -g 36 kvm 2>/dev/null || groupadd -g 36 kvm
useradd -u 36 -g kvm -d /var/lib/vdsm -s /usr/sbin/nologin vdsm 2>/dev/null
usermod -a -G sanlock vdsm
usermod -a -G kvm sanlock
mkdir -p /etc/vdsm /etc/ovirt-host-agent /etc/sanlock /rhev/data-center/mnt /var/lib/vdsm/storage /etc/systemd/system/sanlock.service.d
chown vdsm:kvm /var/lib/vdsm /var/lib/vdsm/storage
chown root:kvm /rhev/data-center
chmod 1775 /rhev/data-center
echo 'SHARED_FOLDERS="${shared}"' >/etc/ovirt-host-agent/helper.conf
echo 'LEASE_IO_SECONDS="2"' >/etc/vdsm/agent.conf
echo "our_host_name = $(cat /proc/sys/kernel/random/uuid)" >/etc/sanlock/sanlock.conf
cat >/etc/systemd/system/ovirt-host-helper.service <<'END'
${helperUnit}END
cat >/etc/systemd/system/agent.service <<'END'
${agentUnit}END
cat >/etc/systemd/system/sanlock.service.d/container.conf <<'END'
${sanlockInContainer}END
systemctl daemon-reload
systemctl restart sanlock
`;

const start = `set -e
systemctl start sanlock ovirt-host-helper
rm -f ${agentSocket}
systemctl reset-failed agent 2>/dev/null || true
systemctl start agent
for try in $(seq 200); do [ -S ${agentSocket} ] && exit 0; sleep 0.1; done
exit 1
`;

/** What a verb gave: a result, or a code and a message. */
export interface VerbAnswer<T = unknown> {
  readonly result?: T;
  readonly code?: number;
  readonly message?: string;
}

/** A host whose storage is looked after by the real parts: the agent's, the helper, and sanlock. */
export interface StorageHost extends TestHost {
  shell(script: string): Promise<string>;
  call<T = unknown>(verb: string, params: object): Promise<VerbAnswer<T>>;
  /** Calls a verb that begins a task, and waits for its end. */
  task(verb: string, params: object): Promise<TaskStatus>;
  /** Starts what it needs, after it was booted or its agent was killed. */
  begin(): Promise<void>;
}

/** Boots a host that sees a folder of this machine as the one it shares with others. */
export async function bootStorageHost(folder: string): Promise<StorageHost> {
  const host = await bootHost('storage', { shared: folder });
  const shell = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await host.run(['sh', '-c', script]);
    if (code !== 0) throw new Error(`${script}\nended with ${code}: ${stdout}${stderr}`);
    return stdout;
  };
  const call = async <T>(verb: string, params: object): Promise<VerbAnswer<T>> => {
    const asking = [
      'curl',
      '--silent',
      '--show-error',
      '--unix-socket',
      agentSocket,
      `http://agent/${verb}`,
      '--data',
      JSON.stringify(params),
    ];
    const { code, stdout, stderr } = await host.run(asking);
    if (code !== 0) throw new Error(`${verb}: ${stderr}`);
    return JSON.parse(stdout) as VerbAnswer<T>;
  };
  await shell(preparation);
  const storageHost: StorageHost = {
    ...host,
    shell,
    call,
    async task(verb, params) {
      const { result: taskID, ...failed } = await call<string>(verb, params);
      if (taskID === undefined) throw new Error(`${verb}: ${JSON.stringify(failed)}`);
      for (;;) {
        const { result } = await call<TaskStatus>('Task.getStatus', { taskID });
        if (result?.taskState === 'finished') return result;
        await sleep(200);
      }
    },
    async begin() {
      await shell(start);
    },
  };
  await storageHost.begin();
  return storageHost;
}

/** A pool of hosts with one domain, by its ids. */
export const newPoolIds = () => ({ storagepoolID: randomUUID(), storagedomainID: randomUUID() });
