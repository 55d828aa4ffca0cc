-- Storage: connections, domains, and the data centers that use them. Names and columns are upstream's where upstream has them.

create table storage_server_connections (
  id uuid primary key,
  -- `server:/path` of NFS, a folder, or what else is mounted
  connection varchar(250) not null,
  -- 1 NFS, 4 local folder, 6 another file system of POSIX
  storage_type integer not null check (storage_type in (1, 4, 6)),
  -- `auto`, `3`, `4`, ...; null is auto
  nfs_version varchar(4),
  nfs_timeo smallint check (nfs_timeo >= 0),
  nfs_retrans smallint check (nfs_retrans >= 0),
  mount_options varchar(500),
  vfs_type varchar(128),
  -- it came with a domain, and goes with the last one behind it
  with_domain boolean not null default false,
  _create_date timestamptz not null default now()
);
create index storage_server_connections_place on storage_server_connections (connection);

create table storage_domain_static (
  id uuid primary key,
  -- the connection that it lies behind
  storage uuid not null references storage_server_connections (id),
  storage_name varchar(250) not null unique,
  storage_description varchar(4000) not null default '',
  storage_comment text not null default '',
  storage_type integer not null check (storage_type in (1, 4, 6)),
  -- 0 the master of a data center, 1 data, 2 ISO, 3 export
  storage_domain_type integer not null check (storage_domain_type between 0 and 3),
  storage_domain_format_type varchar(2) not null default '5',
  -- the only host that reaches a local one
  vds_id uuid references vds_static (vds_id),
  wipe_after_delete boolean not null default false,
  discard_after_delete boolean not null default false,
  backup boolean not null default false,
  -- per cent of room, and GiB
  warning_low_space_indicator integer not null default 10 check (warning_low_space_indicator between 0 and 100),
  critical_space_action_blocker integer not null default 5 check (critical_space_action_blocker >= 0),
  block_size integer not null default 512,
  _create_date timestamptz not null default now(),
  _update_date timestamptz
);
create index storage_domain_connection on storage_domain_static (storage);

-- What a domain has, as a host told last, in bytes. What is not known is null.
create table storage_domain_dynamic (
  id uuid primary key references storage_domain_static (id) on delete cascade deferrable initially deferred,
  available_disk_size bigint,
  used_disk_size bigint,
  -- 0 ok, 1 info, 2 warning, 3 error, 4 failure
  external_status integer not null default 0,
  -- when the list of its files was read last, when somebody wanted it read, and why it could not be
  files_read_at timestamptz,
  files_wanted_at timestamptz,
  files_failure text,
  _update_date timestamptz
);

-- Files of ISO domains, as a host listed them last.
create table repo_file_meta_data (
  repo_domain_id uuid not null references storage_domain_static (id) on delete cascade deferrable initially deferred,
  -- the name
  repo_image_id varchar(256) not null,
  size bigint,
  date_created timestamptz,
  primary key (repo_domain_id, repo_image_id)
);

-- Which data center has a domain, and how it is there. A domain of data is in one at most.
create table storage_pool_iso_map (
  storage_id uuid not null references storage_domain_static (id) on delete cascade,
  storage_pool_id uuid not null references storage_pool (id),
  -- 0 unknown, 1 uninitialized, 2 unattached, 3 active, 4 inactive, 5 locked, 6 maintenance, 7 preparing for maintenance, 8 detaching, 9 activating
  status integer not null check (status between 0 and 9),
  primary key (storage_id, storage_pool_id)
);
create index storage_pool_iso_map_pool on storage_pool_iso_map (storage_pool_id);

alter table storage_pool
  -- goes up whenever another domain becomes the master
  add column master_domain_version integer not null default 0,
  -- the host that makes changes on the storage
  add column spm_vds_id uuid references vds_static (vds_id) on delete set null;

-- The number that a host goes by at the storage of its data center, where leases are kept by numbers.
create table vds_spm_id_map (
  vds_id uuid primary key references vds_static (vds_id) on delete cascade,
  storage_pool_id uuid not null references storage_pool (id) on delete cascade,
  vds_spm_id integer not null check (vds_spm_id between 1 and 250),
  unique (storage_pool_id, vds_spm_id)
);

create trigger permissions_follow after delete on storage_domain_static for each row execute function remove_permissions_of_deleted('id');

-- A connection that came with a domain is not kept for nothing.
create function remove_connection_of_deleted() returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
begin
  delete from storage_server_connections c
  where c.id = old.storage and c.with_domain and not exists (select from storage_domain_static s where s.storage = c.id);
  return null;
end
$$;
create trigger connection_follows after delete on storage_domain_static for each row execute function remove_connection_of_deleted();

alter table audit_log add column storage_domain_id uuid, add column storage_domain_name varchar(250);
create index audit_log_storage_domain on audit_log (storage_domain_id) where storage_domain_id is not null;

insert into vdc_options (option_name, option_value, default_value)
values
  -- seconds between two looks at the storage of a data center
  ('StoragePoolRefreshTimeInSeconds', '10', '10'),
  -- hosts that are tried as the SPM in one look
  ('SPMFailOverAttempts', '3', '3');

-- For the data warehouse: the contract is in the migration that made these views.
create or replace view dwh_datacenter_storage_map_history_view as
  select storage_id as storage_domain_id, storage_pool_id as datacenter_id from storage_pool_iso_map;

create or replace view dwh_storage_domain_configuration_history_view as
  select
    id as storage_domain_id, storage_name::text as storage_domain_name, storage_domain_type::smallint as storage_domain_type,
    storage_type::smallint as storage_type, _create_date as create_date, _update_date as update_date
  from storage_domain_static;

create or replace view dwh_storage_domain_history_view as
  select
    s.id as storage_domain_id,
    (case
      when m.statuses is null then 0
      when cardinality(m.statuses) > 1 then 3
      when m.statuses[1] in (3) then 1
      when m.statuses[1] in (4, 6, 7) then 2
      when m.statuses[1] in (5, 8, 9) then 4
      else -1 end)::smallint as storage_domain_status,
    (d.available_disk_size >> 30)::integer as available_disk_size_gb, (d.used_disk_size >> 30)::integer as used_disk_size_gb
  from storage_domain_static s
  left join storage_domain_dynamic d using (id)
  left join lateral (select array_agg(distinct status) as statuses from storage_pool_iso_map m where m.storage_id = s.id) m on true;
