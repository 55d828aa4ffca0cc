import { expect, it } from 'vitest';
import { useEngine } from '../support/running-engine.ts';
import { until } from '../support/waiting.ts';

const running = useEngine((postgres) =>
  postgres.query(`update vdc_options set option_value = '0.2' where option_name = 'DwhHeartBeatInterval'`),
);
const lastBeat = async (): Promise<number> =>
  (
    await running.postgres.query<{ at: Date | null }>(`select var_datetime as at from dwh_history_timekeeping where var_name = 'heartBeat'`)
  )[0]?.at?.getTime() ?? 0;
async function nextBeat(): Promise<void> {
  const before = await lastBeat();
  await until(async () => (await lastBeat()) !== before);
}

it('the engine tells the data warehouse that it is alive, as often as its option says, also after the database was away', async () => {
  await nextBeat();
  await nextBeat();
  await running.postgres.kill();
  await running.engine.sees('the heartbeat failed');
  await running.postgres.start();
  await nextBeat();
  expect(running.engine.log().split('the heartbeat failed')).toHaveLength(2);
});
