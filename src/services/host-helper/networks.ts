import { inTurns } from '../frame/in-turn.ts';
import { ifupdownNetworks } from './ifupdown/ifupdown-networks.ts';
import type { Command, NetworkMaker } from './network-maker.ts';
import type { NetworkChange } from './network-request.ts';
import { networkdNetworks } from './networkd-networks.ts';
import { isNetworkdRunning } from './networkd.ts';
import { Refusal } from './refusal.ts';
import type { Run } from './run.ts';
import type { Settings } from './settings.ts';

export interface Networks {
  /** Changes networks for the time being; false where all is as wanted already. */
  change(change: NetworkChange): Promise<boolean>;
  /** Has a change hold until the host is started. Throws Refusal where it was taken back already (409), or has to be, as it did not work (500). */
  keep(): Promise<void>;
  /** Takes back a change that is not kept. */
  revert(): Promise<void>;
  /** Has what holds now hold for ever. */
  commit(): Promise<void>;
}

/** Takes back what is not kept, also when this helper and the agent are gone by then. */
const revertUnit = 'ovirt-network-revert';
/** Has a change take effect. */
const changeUnit = 'ovirt-network-change';

/**
 * Makes networks, by whatever configures the network cards of this host. systemd takes changes back by itself, so nothing of it hangs on this
 * process: it may be killed at any moment.
 */
export function createNetworks(settings: Settings, run: Run): Networks {
  const { networkctl, systemctl, systemdRun } = settings;
  const [networkd, ifupdown] = [networkdNetworks(settings, run), ifupdownNetworks(settings, run)];
  const makers: readonly NetworkMaker[] = [networkd, ifupdown];
  const inTurn = inTurns();

  const stateOf = async (kind: 'timer' | 'service'): Promise<string> =>
    (await run(systemctl, ['show', '--property=ActiveState', '--value', `${revertUnit}.${kind}`])).trim();
  const isArmed = async (): Promise<boolean> => (await stateOf('timer')) === 'active';
  const disarm = (): Promise<unknown> => run(systemctl, ['stop', `${revertUnit}.timer`]);
  const takeBack = async (): Promise<void> => {
    if (!(await isArmed())) return;
    // In that order: without its timer systemd knows the service no more. If it comes meanwhile, there is nothing left to take back.
    await run(systemctl, ['start', `${revertUnit}.service`]);
    await disarm();
  };
  const hasChanged = async (): Promise<boolean> => (await Promise.all(makers.map((maker) => maker.hasChanged()))).includes(true);

  /** Commands for the property of a unit. A bridge may be gone already, and what follows is to be done all the same. */
  const asProperties = (commands: readonly Command[]): readonly string[] =>
    commands.map((words) => `--property=ExecStart=-${words.join(' ')}`);
  const asUnit = (commands: readonly Command[]): readonly string[] => {
    const last = commands.at(-1) ?? [];
    return ['--property=Type=oneshot', ...asProperties(commands.slice(0, -1)), '--', ...last];
  };

  /** Who looks after the cards of a change. Throws Refusal (409) where it is not one. */
  async function makerOf(change: NetworkChange): Promise<NetworkMaker> {
    const part = await ifupdown.hasPartIn(change);
    if (part === 'all') return ifupdown;
    // Cards that nobody configures yet are for whoever is there.
    const isNetworkd = (await isNetworkdRunning(run, networkctl)) || !(await ifupdown.isHere());
    if (isNetworkd && part === 'some')
      throw new Refusal(409, 'ifupdown configures some of these network cards, and others not: change one network after the other');
    return isNetworkd ? networkd : ifupdown;
  }

  return {
    change: (change) =>
      inTurn(async () => {
        const maker = await makerOf(change);
        if (await isArmed()) throw new Refusal(409, 'Another change of networks is not confirmed yet');
        const plan = await maker.plan(change);
        if (plan === null) return false;
        if (await hasChanged())
          throw new Refusal(409, 'An earlier change of networks is not committed: have it committed, or start the host anew');
        const arming = [`--unit=${revertUnit}`, `--on-active=${change.seconds}`, '--timer-property=AccuracySec=1'];
        // One that failed must not stand in the way of the next.
        const condition = plan.mark === undefined ? [] : [`--property=ExecCondition=/usr/bin/test -e ${plan.mark}`];
        const back = [[systemctl, 'stop', `${changeUnit}.service`], ...plan.back];
        await run(systemdRun, ['--quiet', '--collect', ...arming, ...condition, ...asUnit(back)]);
        try {
          await plan.write();
          await run(systemdRun, ['--quiet', '--wait', '--collect', `--unit=${changeUnit}`, ...asUnit(plan.forward)]);
        } catch (error) {
          await takeBack();
          throw error;
        }
        return true;
      }),
    keep: () =>
      inTurn(async () => {
        if (await isArmed()) {
          try {
            for (const maker of makers) await maker.settle();
          } catch (error) {
            await takeBack();
            throw error;
          }
          await disarm();
        }
        if (!(await hasChanged()) || (await stateOf('service')) !== 'inactive')
          throw new Refusal(409, 'The change of networks was taken back already');
      }),
    revert: () => inTurn(takeBack),
    commit: () =>
      inTurn(async () => {
        if ((await isArmed()) || ['activating', 'active', 'deactivating'].includes(await stateOf('service')))
          throw new Refusal(409, 'The change of networks is not confirmed yet, or is just taken back');
        for (const maker of makers) await maker.commit();
      }),
  };
}
