-- Providers of networks and of other things, as upstream has them. What they are besides is told by provider_type and plugin_type.

create table providers (
  id uuid primary key default gen_random_uuid(),
  name varchar(128) not null unique,
  description varchar(4000) not null default '',
  url varchar(512) not null,
  provider_type varchar(32) not null,
  plugin_type varchar(64),
  auth_required boolean not null default false,
  auth_username varchar(64),
  -- encrypted for the key of the engine: $, and base64 of RSA-OAEP with SHA-256
  auth_password text,
  auth_url text,
  tenant_name varchar(128),
  is_unmanaged boolean not null default false,
  -- whether networks of the provider come into data centers by themselves
  auto_sync boolean not null default false,
  read_only boolean not null default false,
  _create_date timestamptz not null default now(),
  _update_date timestamptz
);

-- The provider that networks of virtual machines in a cluster are of, where nobody says.
alter table cluster add column default_network_provider_id uuid references providers (id) on delete set null;
