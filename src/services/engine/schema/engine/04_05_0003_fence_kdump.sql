-- Hosts that write crash dumps, as the fence_kdump listener sees them. Names and columns are upstream's; the hosts
-- themselves and the other columns of their interfaces come with the migration that makes hosts.

-- The interfaces of hosts, as far as a host is found by an address of it.
create table vds_interface (
  id uuid primary key,
  name varchar(50) not null,
  vds_id uuid,
  addr varchar(20),
  ipv6_address varchar(50)
);
create index vds_interface_vds_id on vds_interface (vds_id);

create table vds_kdump_status (
  vds_id uuid primary key,
  status varchar(20) not null check (status in ('started', 'dumping', 'finished')),
  -- a JSON list: the address and the port from which the host sends
  address varchar(255) not null
);

-- What programs beside the engine leave for it: signs of life, for one.
create table external_variable (
  var_name varchar(100) primary key,
  var_value varchar(4000),
  _update_date timestamptz
);

insert into vdc_options (option_name, option_value, default_value)
values
  -- where crashing hosts send to; empty for the name of the engine
  ('FenceKdumpDestinationAddress', '', ''),
  ('FenceKdumpDestinationPort', '7410', '7410'),
  -- seconds between two messages of a host
  ('FenceKdumpMessageInterval', '5', '5'),
  -- seconds after which a listener without a sign of life counts as dead
  ('FenceKdumpListenerTimeout', '90', '90'),
  -- seconds to wait for the first message of a host before it is fenced
  ('KdumpStartedTimeout', '30', '30');
