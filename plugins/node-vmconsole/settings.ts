/** The SSH server through which the proxy beside the engine reaches serial consoles. */
export const unit = 'ovirt-vmconsole-host-sshd';

export const hostPort = 2223;
