/** The service of a node that carries disk images; that beside the engine has another name. */
export const unit = 'ovirt-imageio-daemon';

export const paths = {
  /** Where the agent puts tickets: the folder is that of the service, whose account is the agent's. */
  controlSocket: `/run/ovirt-engine/${unit}/control.sock`,
} as const;

/** Where the proxy beside the engine, and backup programs, come to. */
export const daemonPort = 54_322;
