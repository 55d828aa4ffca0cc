import { addAdmin, startEngine } from '../test/support/engine.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { headersOf, keptConnections, latency, sampled, throughput } from './requests.ts';
import type { Result } from './result.ts';

/*
 * What the engine can answer, with its database. Throughput is told as time for each request, and latency at half of the load that is
 * asked for.
 */

export async function api(): Promise<readonly Result[]> {
  const postgres = await startPostgres();
  try {
    await addAdmin(postgres);
    await postgres.query(`insert into users (user_id, external_id, name, domain, username)
      select gen_random_uuid(), 'u' || n, 'Name ' || n, 'internal-authz', 'user' || n from generate_series(1, 999) n`);
    // As autovacuum does within a minute: without it, the database plans for tables that are empty.
    await postgres.query('analyze');
    const engine = await startEngine(postgres);
    const agent = keptConnections();
    try {
      const headers = await headersOf(engine);
      const root = { path: '/ovirt-engine/api', headers };
      const users = { path: '/ovirt-engine/api/users', headers };
      const welcome = { path: '/ovirt-engine/', headers: {} };
      const login = { path: '/ovirt-engine/sso/login.html', headers: {} };
      for (const target of [root, users, welcome, login]) await throughput(agent, engine.port, target, 200);
      const line = async (name: string, limit: number, measure: () => Promise<number>): Promise<Result> => ({
        name,
        unit: 'ms',
        ours: await sampled(measure),
        target: { limit },
      });
      return [
        await line('api root, for each request', 1, () => throughput(agent, engine.port, root, 3000)),
        await line('api root, p99 at 500 a second', 25, () => latency(agent, engine.port, root, 500, 3)),
        await line('1,000 users, for each request', 10, () => throughput(agent, engine.port, users, 300)),
        await line('1,000 users, p99 at 50 a second', 25, () => latency(agent, engine.port, users, 50, 3)),
        await line('welcome page, for each request', 1000 / 1500, () => throughput(agent, engine.port, welcome, 3000)),
        await line('login page, for each request', 1000 / 1500, () => throughput(agent, engine.port, login, 3000)),
      ];
    } finally {
      agent.destroy();
      await engine.stop();
    }
  } finally {
    await postgres.stop();
  }
}
