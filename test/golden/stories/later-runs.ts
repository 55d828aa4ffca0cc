import { expect } from 'vitest';
import type { Machine } from '../../../src/setup/host/memory/index.ts';
import { conf, install, outdated } from '../../support/installation.ts';
import { complete, installed, type Story, trialAnswers } from './story.ts';

const violations = { 'public.permissions.permissions_role_id_fkey': 3, 'aaa_jdbc.user_groups.user_groups_user_id_fkey': 1 };
const task = {
  id: '6f1c8b1e-2f5a-4a53-9c4f-1f6c3f0e7a11',
  name: 'Nightly backup',
  owner: 'backup@internal',
  since: '2026-01-02 01:00 UTC',
};

/** An installation whose schema is older than the program. */
const old =
  (more: Parameters<typeof outdated>[1] = {}) =>
  async (machine: Machine): Promise<Machine> =>
    outdated(await installed(machine), more);

/** A trial whose cluster is of PostgreSQL 15, while the program has come with 18 since. */
const onOlderPostgres = async (machine: Machine): Promise<Machine> => {
  const trial: Machine = { ...machine, prefix: '/srv/trial', postgresVersion: '15' };
  const { outcome } = await install({ machine: trial, files: [conf(trialAnswers)] });
  expect(outcome.failure).toBeUndefined();
  return { ...trial, postgresVersion: '18', systemPostgres: ['15'] };
};

/** What is typed in a run over an installation, before the questions of an upgrade. */
const onUpgrade = ['', '', '', ''];

/** Runs over an installation: again, as an upgrade, or with something that has changed meanwhile. */
export const laterRuns: readonly Story[] = [
  { name: 'second-run', before: installed, answers: complete },
  { name: 'second-run-interactive', before: installed, typed: ['', '', '', ''] },
  {
    name: 'second-run-with-all-components-given',
    before: installed,
    answers: {
      ...complete,
      'OVESETUP_OVN/ovirtProviderOvn': 'bool:True',
      'OVESETUP_DWH_CORE/enable': 'bool:True',
      'OVESETUP_DB/engineVacuumFull': 'bool:False',
    },
  },
  { name: 'vacuum', before: installed, answers: { ...complete, 'OVESETUP_DB/engineVacuumFull': 'bool:True' } },
  { name: 'violations-fixed', before: old({ violations }), typed: [...onUpgrade, 'yes', '', ''] },
  { name: 'violations-declined', before: old({ violations }), typed: [...onUpgrade, ''] },
  { name: 'violations-unattended', before: old({ violations }), answers: complete },
  { name: 'tasks-waited-for', before: old({ tasks: [{ ...task, looks: 3 }] }), typed: [...onUpgrade, 'yes', '', ''] },
  { name: 'tasks-declined', before: old({ tasks: [{ ...task, looks: 3 }] }), typed: [...onUpgrade, ''] },
  { name: 'postgres-upgraded', before: onOlderPostgres, typed: ['', 'No', '', '', '', ''] },
  { name: 'postgres-upgrade-declined', before: onOlderPostgres, typed: ['No'] },
  {
    name: 'postgres-upgrade-without-programs',
    before: async (machine) => ({ ...(await onOlderPostgres(machine)), systemPostgres: [] }),
    answers: trialAnswers,
  },
  {
    name: 'postgres-upgrade-without-room',
    before: async (machine) => ({ ...(await onOlderPostgres(machine)), freeBytes: 40 * 1024 * 1024 }),
    answers: { ...trialAnswers, 'OVESETUP_PROVISIONING/postgresUpgradeCleanold': 'bool:False' },
  },
  {
    name: 'hosted-engine-refused',
    before: installed,
    machine: { hostedEngines: [{ name: 'HostedEngine', host: 'host1.example.net', safe: false }] },
    answers: complete,
  },
  {
    name: 'hosted-engine-in-maintenance',
    before: installed,
    machine: { hostedEngines: [{ name: 'HostedEngine', host: 'host1.example.net', safe: true }] },
    typed: ['', '', '', ''],
  },
  { name: 'organization-cannot-change', before: installed, answers: { ...complete, 'OVESETUP_PKI/organization': 'str:Another' } },
  {
    name: 'authority-lost',
    before: async (machine) => {
      const there = await installed(machine);
      there.disk.delete('/etc/pki/ovirt-engine/ca.pem');
      return there;
    },
    answers: complete,
  },
  {
    name: 'authority-renewed',
    before: async (machine) => {
      const old = await installed({ ...machine, now: new Date('2016-06-01T00:00:00Z') });
      return { ...old, now: new Date('2026-01-02T03:04:05Z') };
    },
    typed: ['', '', 'yes', '', ''],
  },
];
