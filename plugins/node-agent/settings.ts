/** The agent of a node, and what it asks for the few things that only root can. */
export const unit = 'ovirt-host-agent';
export const helperUnit = 'ovirt-host-helper';

/** Where the engine comes to. */
export const agentPort = 54_321;
