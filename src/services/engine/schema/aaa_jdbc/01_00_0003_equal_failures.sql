-- A failed login must take the same work whether or not there is such an account, or its time tells which names exist.

-- Stands in for accounts that do not exist: what is written down here is never read.
create table aaa_jdbc.nobody (
  id integer primary key check (id = 1),
  consecutive_failures integer not null default 0,
  last_unsuccessful_login timestamptz not null default 'epoch',
  minute_start timestamptz not null default 'epoch',
  count integer not null default 0
);
insert into aaa_jdbc.nobody (id) values (1);

-- Counts a failed login and locks the account where a limit is reached. Both ways write two rows, and neither waits until they
-- are on the disk: a power cut may forget the failures of its last moments, and nothing else.
create or replace function aaa_jdbc.note_failure(v_uuid text, v_now timestamptz)
returns void
language plpgsql
set search_path = aaa_jdbc, pg_temp
as $$
declare
  v_id integer;
  v_in_a_row integer;
  v_in_interval integer;
  v_limit_in_a_row integer := (select value::integer from settings where name = 'MAX_FAILURES_SINCE_SUCCESS');
  v_limit_in_interval integer := (select value::integer from settings where name = 'MAX_FAILURES_PER_INTERVAL');
  v_hours integer := (select value::integer from settings where name = 'INTERVAL_HOURS');
  v_minutes integer := (select value::integer from settings where name = 'LOCK_MINUTES');
begin
  -- Until the end of the transaction, which is the commit that would wait.
  set local synchronous_commit = off;

  update users set consecutive_failures = consecutive_failures + 1, last_unsuccessful_login = v_now
  where uuid::text = v_uuid
  returning id, consecutive_failures into v_id, v_in_a_row;
  if v_id is null then
    -- In a circle, so that the number cannot overflow.
    update nobody set consecutive_failures = (consecutive_failures + 1) % 1000, last_unsuccessful_login = v_now where id = 1;
    insert into nobody (id, minute_start, count) values (1, date_trunc('minute', v_now), 1)
    on conflict (id) do update set minute_start = excluded.minute_start, count = (nobody.count + 1) % 1000;
  else
    insert into failed_logins (user_id, minute_start, count) values (v_id, date_trunc('minute', v_now), 1)
    on conflict (user_id, minute_start) do update set count = failed_logins.count + 1;
  end if;

  select coalesce(sum(count), 0) into v_in_interval from failed_logins
  where user_id = v_id and minute_start > v_now - v_hours * interval '1 hour';

  if (v_limit_in_a_row > 0 and v_in_a_row >= v_limit_in_a_row)
     or (v_limit_in_interval > 0 and v_in_interval >= v_limit_in_interval) then
    update users set unlock_time = v_now + v_minutes * interval '1 minute', consecutive_failures = 0 where id = v_id;
  end if;
end
$$;
