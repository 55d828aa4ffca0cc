-- Disks, their images on storage domains, and transfers of their content. Names and columns are upstream's where upstream has them.

create table base_disks (
  disk_id uuid primary key,
  disk_alias varchar(255) not null,
  disk_description varchar(500) not null default '',
  -- 0: an image on a storage domain
  disk_storage_type smallint not null default 0 check (disk_storage_type = 0),
  -- 0 data, 4 ISO
  disk_content_type smallint not null default 0 check (disk_content_type in (0, 4)),
  propagate_errors boolean not null default false,
  shareable boolean not null default false,
  wipe_after_delete boolean not null default false,
  -- 0 none, 1 incremental
  backup smallint not null default 0 check (backup in (0, 1)),
  _create_date timestamptz not null default now(),
  _update_date timestamptz
);
create index base_disks_alias on base_disks (disk_alias);

-- An image is a volume on storage. A disk has one; later, with snapshots, a chain of them.
create table images (
  image_guid uuid primary key,
  image_group_id uuid not null references base_disks (disk_id) on delete cascade deferrable initially deferred,
  parentid uuid,
  -- bytes that a guest sees
  size bigint not null check (size > 0),
  -- 1 preallocated, 2 sparse
  volume_type smallint not null check (volume_type in (1, 2)),
  -- 4 qcow2, 5 raw
  volume_format smallint not null check (volume_format in (4, 5)),
  -- 1 ok, 2 locked, 4 illegal
  imagestatus smallint not null default 2 check (imagestatus in (1, 2, 4)),
  -- 0 data of a virtual machine, 1 of a template
  volume_classification smallint not null default 0,
  -- the one that is written to
  active boolean not null default true,
  -- bytes that it takes on storage, as was told last
  actual_size bigint,
  creation_date timestamptz not null default now(),
  lastmodified timestamptz
);
create index images_group on images (image_group_id);

create table image_storage_domain_map (
  image_id uuid not null references images (image_guid) on delete cascade deferrable initially deferred,
  storage_domain_id uuid not null references storage_domain_static (id),
  primary key (image_id, storage_domain_id)
);
create index image_storage_domain on image_storage_domain_map (storage_domain_id);

create table image_transfers (
  transfer_id uuid primary key,
  -- may be gone: with an upload that is cancelled its disk goes, and what became of it can be asked for some time longer
  disk_id uuid not null,
  -- 0 unknown, 1 initializing, 2 transferring, 3 resuming, 4 paused by the system, 5 paused by a user, 6 cancelled by the system, 7 finalizing, 8 finalizing
  -- a failure, 9 finished, 10 failed, 11 cancelled by a user, 12 cleaning up, 13 cleaned up
  phase smallint not null default 1 check (phase between 0 and 13),
  -- 1 download, 2 upload
  direction smallint not null check (direction in (1, 2)),
  -- 4 qcow2, 5 raw: what clients send and are sent
  image_format smallint not null check (image_format in (4, 5)),
  -- 0 legacy, 1 pause, 2 cancel
  timeout_policy smallint not null default 0 check (timeout_policy between 0 and 2),
  -- seconds
  inactivity_timeout integer not null default 60 check (inactivity_timeout >= 0),
  shallow boolean not null default false,
  -- the host whose daemon serves it
  vds_id uuid references vds_static (vds_id) on delete set null,
  ticket_id uuid,
  daemon_uri varchar(4000),
  proxy_uri varchar(4000),
  bytes_sent bigint,
  bytes_total bigint,
  active boolean not null default false,
  message text,
  user_id uuid,
  last_updated timestamptz not null default now(),
  started_at timestamptz not null default now()
);
create index image_transfers_disk on image_transfers (disk_id);

create trigger permissions_follow after delete on base_disks for each row execute function remove_permissions_of_deleted('disk_id');

insert into vdc_options (option_name, option_value, default_value)
values
  -- where the image daemons of hosts listen
  ('ImageDaemonPort', '54322', '54322'),
  -- seconds that nobody may use a transfer, unless a client says otherwise
  ('TransferImageClientInactivityTimeoutInSeconds', '60', '60')
on conflict (option_name, version) do nothing;
