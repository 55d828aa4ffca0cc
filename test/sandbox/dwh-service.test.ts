import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { healthAt } from '../support/health.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { until } from '../support/waiting.ts';
import {
  beat,
  giveEngineTo,
  makeHistory,
  startWarehouse,
  type TestHistory,
  type TestWarehouse,
  warehouseId,
} from '../support/warehouse.ts';

let postgres: TestPostgres;
let history: TestHistory;
beforeAll(async () => {
  postgres = await startPostgres();
  history = await makeHistory(postgres);
});
afterAll(async () => postgres.stop());
beforeEach(async () => {
  await giveEngineTo(postgres, warehouseId);
  await postgres.query('delete from audit_log');
  await postgres.query(`update dwh_history_timekeeping set var_datetime = null where var_name = 'lastErrorSent'`);
  await beat(postgres);
});

const events = async (): Promise<number[]> =>
  (await postgres.query<{ type: number }>('select log_type as type from audit_log order by audit_log_id')).map(({ type }) => type);
const timekeeping = async (name: string): Promise<string | null> =>
  (await postgres.query<{ value: string | null }>('select var_value as value from dwh_history_timekeeping where var_name = $1', [name]))[0]
    ?.value ?? null;
const lastSample = async (): Promise<number> =>
  (
    await history.query<{ at: Date | null }>(`select var_datetime as at from history_configuration where var_name = 'lastSampling'`)
  )[0]?.at?.getTime() ?? 0;
/** Waits for one more sample. */
const sampled = async (): Promise<void> => {
  const before = await lastSample();
  await until(async () => (await lastSample()) > before);
};
const health = ({ healthSocket }: TestWarehouse): Promise<unknown> => healthAt(healthSocket);

/** Uses a data warehouse and ends it whatever happens. */
async function withWarehouse(use: (warehouse: TestWarehouse) => Promise<void>, settings?: Readonly<Record<string, string>>): Promise<void> {
  const warehouse = await startWarehouse(postgres, history, settings);
  try {
    await use(warehouse);
  } finally {
    await warehouse.stop();
  }
}

describe('a data warehouse', () => {
  it('samples the engine, and tells it when it comes and when it goes', async () => {
    await withWarehouse(async (warehouse) => {
      await warehouse.sees('ready');
      await sampled();
      expect(await timekeeping('DwhCurrentlyRunning')).toBe('1');
      expect(await health(warehouse)).toMatchObject({
        service: 'dwh',
        state: 'ready',
        checks: { engineDatabase: 'up', engine: 'up', history: 'up' },
      });
      expect(await warehouse.end()).toBe(0);
      expect(await timekeeping('DwhCurrentlyRunning')).toBe('0');
      expect(await events()).toEqual([9700, 9701]);
      for (const secret of [postgres.password, history.password]) expect(warehouse.log()).not.toContain(secret);
    });
  });

  it('copies what the engine knows, and keeps its versions', async () => {
    const latest = (): Promise<unknown[]> => history.query('select username, email from v4_5_latest_users_details');
    await withWarehouse(async (warehouse) => {
      await warehouse.sees('ready');
      await postgres.query(
        `insert into users (user_id, external_id, name, domain, username) values (gen_random_uuid(), 'ann', 'Ann', 'internal-authz', 'ann')`,
      );
      await until(async () => (await latest()).length === 1);
      await postgres.query(`update users set email = 'ann@example.net' where username = 'ann'`);
      await until(async () => JSON.stringify(await latest()).includes('ann@example.net'));
      await postgres.query(`delete from users where username = 'ann'`);
      await until(async () => (await latest()).length === 0);
    });
    const versions = await history.query('select email, delete_date is null as alive from v4_5_users_details_history order by history_id');
    expect(versions).toEqual([
      { email: '', alive: true },
      { email: 'ann@example.net', alive: false },
    ]);
  });

  it('knows data centers, clusters and tags, each cluster with the version of its data center', async () => {
    await postgres.query(
      `with pool as (
         insert into storage_pool (id, name, compatibility_version) values (gen_random_uuid(), 'Nord', '4.7') returning id
       ), mac as (select id from mac_pools limit 1)
       insert into cluster (cluster_id, name, compatibility_version, mac_pool_id, storage_pool_id)
       select gen_random_uuid(), 'Kiel', '4.7', mac.id, pool.id from mac, pool`,
    );
    await postgres.query(
      `with top as (insert into tags (tag_id, tag_name) values (gen_random_uuid(), 'top') returning tag_id)
       insert into tags (tag_id, tag_name, parent_id) select gen_random_uuid(), 'below', tag_id from top`,
    );
    await withWarehouse(async (warehouse) => {
      await warehouse.sees('ready');
      await sampled();
    });
    expect(
      await history.query(
        `select cluster_name, datacenter_name from v4_5_latest_configuration_clusters c
         join v4_5_configuration_history_datacenters d on d.history_id = c.datacenter_configuration_version where cluster_name = 'Kiel'`,
      ),
    ).toEqual([{ cluster_name: 'Kiel', datacenter_name: 'Nord' }]);
    expect(
      await history.query(
        `select tag_path, tag_level, entity_type from v4_5_latest_tags_details d
         join v4_5_latest_tags_relations r on r.entity_id = d.tag_id where tag_name = 'below'`,
      ),
    ).toEqual([{ tag_path: '/top/below', tag_level: 1, entity_type: 18 }]);
  });

  it('samples nothing of an engine that is down, and goes on when that is back', async () => {
    await beat(postgres, 3600);
    await withWarehouse(async (warehouse) => {
      await warehouse.sees('the engine is down, so nothing is sampled');
      const before = await lastSample();
      await sleep(2_500);
      expect(await lastSample()).toBe(before);
      expect(await health(warehouse)).toMatchObject({ state: 'degraded', checks: { engine: 'down', history: 'up' } });
      await beat(postgres);
      await warehouse.sees('the engine is up');
      await sampled();
    });
  });

  it('outlives the death of its databases', async () => {
    await withWarehouse(async (warehouse) => {
      await warehouse.sees('ready');
      await sampled();
      await postgres.kill();
      await warehouse.sees('the history cannot be written, trying again');
      await warehouse.sees("the engine's database cannot be reached");
      expect(await health(warehouse)).toMatchObject({ state: 'degraded', checks: { engineDatabase: 'down', history: 'down' } });
      await postgres.start();
      await beat(postgres);
      await warehouse.sees('working again');
      await sampled();
      await until(async () => JSON.stringify(await health(warehouse)).includes('"state":"ready"'));
    });
    expect(await events()).toEqual([9700, 9701]);
  });

  it('waits for databases that are not there yet, and can be stopped meanwhile', async () => {
    await postgres.kill();
    await withWarehouse(async (warehouse) => {
      await warehouse.sees("waiting for the engine's database");
      expect(await warehouse.end()).toBe(0);
    });
    await postgres.start();
  });

  it('tells of failures, but not of every single one, gets over them, and says when a sample takes long', async () => {
    await withWarehouse(async (warehouse) => {
      await warehouse.sees('ready');
      await postgres.query('alter view dwh_vm_history_view rename to dwh_vm_history_view_gone');
      await warehouse.sees('a piece of work failed', 2);
      await postgres.query('alter view dwh_vm_history_view_gone rename to dwh_vm_history_view');
      expect(await events()).toEqual([9700, 9704]);
      expect(Number(await timekeeping('timesFailed'))).toBeGreaterThanOrEqual(2);
      await warehouse.sees('working again');
      await until(async () => (await timekeeping('timesFailed')) === '0');
      await postgres.query(
        `begin; alter view dwh_vm_history_view rename to dwh_vm_history_view_gone; create view dwh_vm_history_view as
         with slow as materialized (select pg_sleep(0.6)) select v.* from dwh_vm_history_view_gone v where exists (select from slow); commit`,
      );
      await warehouse.sees('a sample took long');
      await postgres.query(
        'begin; drop view dwh_vm_history_view; alter view dwh_vm_history_view_gone rename to dwh_vm_history_view; commit',
      );
    });
  });

  it('makes up for the hours that it has missed', async () => {
    await history.query(
      `update history_configuration set var_datetime = date_trunc('hour', now()) - interval '25 hours' where var_name = 'lastHourAggr'`,
    );
    await history.query(
      `insert into vm_samples_history (history_datetime, vm_id, vm_status, seconds_in_status)
       select date_trunc('hour', now()) - interval '1 minute' * minute, gen_random_uuid(), 1, 60 from generate_series(1, 60 * 24) minute`,
    );
    await withWarehouse(async (warehouse) => {
      await warehouse.sees('aggregated hour', 24);
      const [total] = await history.query('select sum(minutes_in_status)::integer as minutes from vm_hourly_history');
      expect(total).toEqual({ minutes: 24 * 60 });
    });
  });

  it('ends for good when the engine asks for it', async () => {
    await withWarehouse(async (warehouse) => {
      await warehouse.sees('ready');
      await postgres.query(`update vdc_options set option_value = '1' where option_name = 'DisconnectDwh'`);
      expect(await warehouse.end(null)).toBe(0);
      expect(await timekeeping('DwhCurrentlyRunning')).toBe('0');
      await postgres.query(`update vdc_options set option_value = '0' where option_name = 'DisconnectDwh'`);
    });
  });
});

describe('a second data warehouse', () => {
  it('refuses to start on the same history, and leaves the first one alone', async () => {
    await withWarehouse(async (first) => {
      await first.sees('ready');
      await withWarehouse(
        async (second) => {
          expect(await second.end(null)).toBe(1);
          expect(second.log()).toMatch(/another data warehouse is running on the database ovirt_engine_history/);
        },
        { DWH_HEALTH_SOCKET: first.healthSocket },
      );
      expect(await timekeeping('DwhCurrentlyRunning')).toBe('1');
      expect(await health(first)).toMatchObject({ state: 'ready' });
      await sampled();
    });
    expect(await events()).toEqual([9700, 9701]);
  });

  it('refuses to start for an engine that belongs to another one', async () => {
    await giveEngineTo(postgres, 'aaaaaaaa-0000-4000-8000-000000000002', 'other.example.net');
    await withWarehouse(async (warehouse) => {
      expect(await warehouse.end(null)).toBe(1);
      expect(warehouse.log()).toMatch(/belongs to another data warehouse on other\.example\.net/);
    });
    expect(await events()).toEqual([]);
  });

  it('that takes the engine over ends the first one', async () => {
    await withWarehouse(async (first) => {
      await first.sees('ready');
      await giveEngineTo(postgres, 'aaaaaaaa-0000-4000-8000-000000000002', 'other.example.net');
      await first.end(null);
      expect(first.log()).toMatch(/"message":"ending","reason":"the engine belongs to another data warehouse/);
    });
  });

  it('starts where the first one was killed without a word', async () => {
    await withWarehouse(async (first) => {
      await first.sees('ready');
      await first.end('SIGKILL');
      expect(await timekeeping('DwhCurrentlyRunning')).toBe('1');
    });
    await withWarehouse(async (next) => {
      await next.sees('ready');
      await sampled();
    });
  });
});

it('refuses a history whose schema is not that of this release, and says what to do', async () => {
  await history.query(`update schema_version set version = '04040001' where current`);
  await withWarehouse(async (warehouse) => {
    expect(await warehouse.end(null)).toBe(1);
    expect(warehouse.log()).toMatch(/has version 04040001, but this release needs 0405\d{4}: run engine-setup/);
  });
});
