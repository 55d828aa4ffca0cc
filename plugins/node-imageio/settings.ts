/** The service of a node that carries disk images; that beside the engine has another name. */
export const unit = 'ovirt-imageio-daemon';

/** Where the proxy beside the engine, and backup programs, come to. */
export const daemonPort = 54_322;
