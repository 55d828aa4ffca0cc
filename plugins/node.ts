import type { Plugin } from '#kit';
import firewall from './firewall/index.ts';
import nodeAgent from './node-agent/index.ts';
import nodeImageio from './node-imageio/index.ts';
import nodeLibvirt from './node-libvirt/index.ts';
import nodeVmconsole from './node-vmconsole/index.ts';
import node from './node/index.ts';
import packages from './packages/index.ts';

/** The components of a compute node, which the engine sets up over SSH. The order means nothing, as in `index.ts`. */
export const nodePlugins: readonly Plugin[] = [firewall, node, nodeAgent, nodeImageio, nodeLibvirt, nodeVmconsole, packages];
