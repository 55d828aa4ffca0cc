import { describe, expect, test } from 'vitest';
import { type Command, type Host, inEnglish } from '#kit';
import { hostCluster } from '../../../../plugins/database/host-cluster.ts';
import { create } from '../../../../plugins/database/host-create.ts';
import { planOnly } from '../../../../src/setup/core/plan-only.ts';
import { memoryHost } from '../../../../src/setup/host/memory/index.ts';
import { sourcesOf } from '../../../support/fakes.ts';
import { goodPassword } from '../../../support/dialogue.ts';
import { machines } from '../../../support/machines.ts';
import { testRun } from '../../../support/run.ts';

describe('a host of EL', () => {
  test('is refused, and what would be done for its server is known as text', async () => {
    const answers = { 'OVESETUP_CONFIG/adminPassword': goodPassword };
    const run = testRun({ host: memoryHost(machines['enterprise-linux']()), sources: sourcesOf(answers), yes: true, acceptDefaults: true });
    const { plan, findings } = await planOnly(run);
    expect(findings.map(({ id }) => id)).toContain('unsupported-host');
    const lines = plan.steps.flatMap(({ step: { id, chapter }, change }) =>
      chapter === 'database.server' && change.kind !== 'none' ? [`${id}: ${inEnglish(change.note)}`] : [],
    );
    expect(lines).toMatchInlineSnapshot(`
      [
        "database/initdb: /var/lib/pgsql/data",
        "database/settings: /var/lib/pgsql/data/conf.d/ovirt-engine.conf",
        "database/folder: /var/lib/pgsql/data/postgresql.conf",
        "database/access: /var/lib/pgsql/data/pg_hba.conf",
        "database/start: postgresql is not enabled",
      ]
    `);
  });

  test('would get its cluster by the words of its own tool, and lose it again by hand', async () => {
    const host = memoryHost(machines['enterprise-linux']());
    const cluster = await hostCluster.probe(host);
    if (cluster === undefined) throw new Error('no layout');
    const said: string[] = [];
    const noting: Host = {
      ...host,
      run: ({ argv }: Command) => (said.push(argv.join(' ')), Promise.resolve({ code: 0, stdout: '', stderr: '' })),
      services: { ...host.services, stop: (unit) => (said.push(`stop ${unit}`), Promise.resolve()) },
      files: { ...host.files, remove: (path) => (said.push(`remove ${path}`), Promise.resolve()) },
    };
    expect(cluster.package).toBe('postgresql-server');
    const step = create(cluster);
    await step.apply(noting, () => undefined);
    if (typeof step.undo === 'object' && 'run' in step.undo) await step.undo.run(noting, null);
    expect(said).toMatchInlineSnapshot(`
      [
        "env PGSETUP_INITDB_OPTIONS=--locale=C.UTF-8 --encoding=UTF8 postgresql-setup --initdb",
        "remove /var/lib/ovirt-engine/setup/cluster-begun",
        "remove /var/lib/pgsql/data",
        "remove /var/lib/pgsql",
        "remove /var/lib/pgsql/data",
        "remove /var/lib/pgsql",
        "remove /var/lib/pgsql/data/conf.d/ovirt-engine.conf",
        "stop postgresql",
        "remove /var/lib/pgsql/data",
        "remove /var/lib/pgsql/data",
        "remove /var/lib/ovirt-engine/setup/cluster-begun",
      ]
    `);
  });
});
