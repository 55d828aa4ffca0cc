-- A hosted engine runs in a virtual machine on one of the hosts that it manages itself. Agents on these hosts watch over that machine, and
-- restart it where they think that its engine is gone, unless the hosts are in global maintenance.

insert into vdc_options (option_name, option_value, default_value)
values
  -- the name of that virtual machine
  ('HostedEngineVmName', 'HostedEngine', 'HostedEngine')
on conflict (option_name, version) do nothing;

-- The contract of the view, which setup reads before it changes anything: a row for each virtual machine whose name is the value of the
-- option, and none for an engine that runs in no machine of its own.
--   vm_name                 the name of the machine
--   host_name               the host that it runs on; null if it runs on none
--   is_global_maintenance   whether that host reports global maintenance; null while it reports nothing
-- There are no virtual machines yet, so it is empty. The migration that brings them says `create or replace view` with the same columns in
-- the same order and of the same types, and may add columns at the end.
create view setup_hosted_engine_view as
  select null::text as vm_name, null::text as host_name, null::boolean as is_global_maintenance
  where false;
