-- Machines that have registered themselves as hosts, and what they said of themselves. It stands apart from what hosts are known to be: a UUID
-- that a stranger claims must not stand in the way of the host that has it.

create table host_registration (
  vds_id uuid primary key references vds_static (vds_id) on delete cascade deferrable initially deferred,
  -- the hardware UUID, in small letters
  unique_id varchar(128) not null,
  -- the network that it came from, as shares are counted
  source varchar(64) not null,
  registered_at timestamptz not null
);
create index host_registration_unique_id on host_registration (unique_id);

insert into vdc_options (option_name, option_value, default_value)
values
  -- beginnings of names and hardware UUIDs, as regular expressions with commas between them, of machines that nobody has to approve
  ('AutoApprovePatterns', '', '')
on conflict (option_name, version) do nothing;
