-- What the data warehouse is shown of virtual machines and hosts, once they run: the contract is in the migration that made these views.

-- How the disk of a machine is used, by its image: what the machine that has it told last.
create table disk_image_dynamic (
  image_id uuid primary key references images (image_guid) on delete cascade deferrable initially deferred,
  -- bytes a second
  read_rate bigint,
  write_rate bigint,
  -- requests since the machine was started
  read_ops bigint,
  write_ops bigint,
  -- of one request
  read_latency_seconds numeric,
  write_latency_seconds numeric,
  flush_latency_seconds numeric
) with (fillfactor = 50);

-- Hosts count from the start of a machine. What the history has only grows.
alter table vm_interface_statistics
  -- the part of the totals that former runs have
  add column rx_offset bigint not null default 0,
  add column tx_offset bigint not null default 0;

-- What was told last stands as long as nobody tells anything else, also of a machine that has been stopped since, or a host that nobody asks any more.
-- Loads that are long gone are not sampled. Counters are: they say what has gone through, whenever that was.

create or replace view dwh_vm_history_view as
  select
    d.vm_guid as vm_id,
    (case when d.status in (-1, 0, 13, 15) then 0 when d.status = 4 then 2 when d.status in (7, 8, 14) then 3 else 1 end)::smallint as vm_status,
    s.usage_cpu_percent as cpu_usage_percent, s.usage_mem_percent as memory_usage_percent,
    -- shares of all its processors, as the first one
    round(s.cpu_user / (v.num_of_sockets * v.cpu_per_socket * v.threads_per_cpu))::smallint as user_cpu_usage_percent,
    round(s.cpu_sys / (v.num_of_sockets * v.cpu_per_socket * v.threads_per_cpu))::smallint as system_cpu_usage_percent,
    d.vm_ip, d.client_ip::text as vm_client_ip, d.run_on_vds as currently_running_on_host, d.console_user_id as current_user_id,
    coalesce(d.guest_user_name, '') not in ('', 'None', 'Unknown') as user_logged_in_to_guest, s.disks_usage,
    s.guest_mem_buffered as memory_buffered_kb, s.guest_mem_cached as memory_cached_kb
  from vm_dynamic d
  join vm_static v using (vm_guid)
  left join vm_statistics s on s.vm_guid = d.vm_guid and d.run_on_vds is not null and d.status <> 7
    -- and not of the run before
    and (d.last_start_time is null or s._update_date is null or s._update_date >= d.last_start_time)
  where v.entity_type = 'VM';

create or replace view dwh_vm_interface_configuration_history_view as
  select
    i.id as vm_interface_id, i.name::text as vm_interface_name, i.vm_guid as vm_id,
    -- e1000e has another number in the history
    (case i.type when 8 then 6 else i.type end)::smallint as vm_interface_type,
    i.speed::bigint * 1000000 as vm_interface_speed_bps, i.mac_addr::text as mac_address, n.name::text as logical_network_name,
    i._create_date as create_date, i._update_date as update_date
  from vm_interface i
  join vm_static v using (vm_guid)
  left join vnic_profiles p on p.id = i.vnic_profile_id
  left join network n on n.id = p.network_id
  where v.entity_type = 'VM';

create or replace view dwh_vm_interface_history_view as
  select
    i.id as vm_interface_id,
    (case when told and i.speed > 0 and s.rx_rate is not null then least(100, round(s.rx_rate * 8 / (i.speed * 10000.0))) end)::smallint
      as receive_rate_percent,
    (case when told and i.speed > 0 and s.tx_rate is not null then least(100, round(s.tx_rate * 8 / (i.speed * 10000.0))) end)::smallint
      as transmit_rate_percent,
    s.rx_total as received_total_byte, s.tx_total as transmitted_total_byte,
    s.rx_drop as received_dropped_total_packets, s.tx_drop as transmitted_dropped_total_packets
  from vm_interface i
  join vm_static v using (vm_guid)
  join vm_interface_statistics s using (id)
  left join lateral (select d.run_on_vds is not null and d.status <> 7 as told from vm_dynamic d where d.vm_guid = i.vm_guid) m on true
  where v.entity_type = 'VM';

-- Disks that machines have or might have: not those of templates.
create or replace view dwh_vm_disk_configuration_history_view as
  select
    d.disk_id as vm_disk_id, d.disk_alias::text as vm_disk_name, d.disk_description::text as vm_disk_description, m.storage_domain_id,
    i.size / 1048576 as vm_disk_size_mb, i.volume_type as vm_disk_type, i.volume_format as vm_disk_format, d.shareable as is_shared,
    d._create_date as create_date, greatest(d._update_date, i.lastmodified) as update_date
  from base_disks d join images i on i.image_group_id = d.disk_id and i.active join image_storage_domain_map m on m.image_id = i.image_guid
  where not exists (
    select from disk_vm_element e join vm_static v on v.vm_guid = e.vm_id where e.disk_id = d.disk_id and v.entity_type <> 'VM'
  );

create or replace view dwh_vm_disks_history_view as
  select
    i.image_group_id as vm_disk_id, i.imagestatus as vm_disk_status, i.actual_size / 1048576 as vm_disk_actual_size_mb,
    case when u.told then s.read_rate end as read_rate_bytes_per_second, s.read_ops as read_ops_total_count,
    case when u.told then s.read_latency_seconds end as read_latency_seconds,
    case when u.told then s.write_rate end as write_rate_bytes_per_second, s.write_ops as write_ops_total_count,
    case when u.told then s.write_latency_seconds end as write_latency_seconds,
    case when u.told then s.flush_latency_seconds end as flush_latency_seconds
  from images i
  left join disk_image_dynamic s on s.image_id = i.image_guid
  left join (
    select e.disk_id, bool_or(v.entity_type <> 'VM') as of_template, bool_or(e.is_plugged and d.run_on_vds is not null and d.status <> 7) as told
    from disk_vm_element e join vm_static v on v.vm_guid = e.vm_id left join vm_dynamic d on d.vm_guid = e.vm_id group by e.disk_id
  ) u on u.disk_id = i.image_group_id
  where i.active and u.of_template is distinct from true;

-- Disks and network interfaces, which stand in tables of their own: what is told of disks says which machines have them.
create or replace view dwh_vm_device_history_view as
  select
    e.disk_id as device_id, e.vm_id, 'disk'::text as type, null::text as address, true as is_managed, e.is_plugged, e.is_readonly,
    e._create_date as create_date, null::timestamptz as update_date
  from disk_vm_element e
  join vm_static v on v.vm_guid = e.vm_id
  where v.entity_type = 'VM'
  union all
  select i.id, i.vm_guid, 'interface', null, true, i.is_plugged, false, i._create_date, i._update_date
  from vm_interface i
  join vm_static v using (vm_guid)
  where v.entity_type = 'VM';

create or replace view dwh_host_history_view as
  select
    vds_id as host_id, (case when status = 3 then 1 when status in (2, 6, 9, 11, 14) then 2 else 3 end)::smallint as host_status,
    case when told then usage_mem_percent end as memory_usage_percent, case when told then mem_shared end as ksm_shared_memory_mb,
    case when told then usage_cpu_percent end as cpu_usage_percent, case when told then ksm_cpu_percent end as ksm_cpu_percent,
    case when told then vm_active end as active_vms, case when told then vm_count end as total_vms, vms_cores_count as total_vms_vcpus,
    -- in hundredths, since the history has no fractions
    case when told then round(cpu_load * 100)::integer end as cpu_load,
    case when told then round(cpu_sys)::smallint end as system_cpu_usage_percent, case when told then round(cpu_user)::smallint end as user_cpu_usage_percent,
    case when told then swap_total - swap_free end as swap_used_mb
  -- Hosts in other statuses are not asked: up, preparing for maintenance, not operational.
  from vds, lateral (select status in (3, 9, 10) as told) h;

create or replace view dwh_host_interface_history_view as
  select
    i.id as host_interface_id,
    (case when told and i.speed > 0 and s.rx_rate is not null then least(100, round(s.rx_rate * 8 / (i.speed * 10000.0))) end)::smallint
      as receive_rate_percent,
    (case when told and i.speed > 0 and s.tx_rate is not null then least(100, round(s.tx_rate * 8 / (i.speed * 10000.0))) end)::smallint
      as transmit_rate_percent,
    s.rx_total as received_total_byte, s.tx_total as transmitted_total_byte,
    s.rx_drop as received_dropped_total_packets, s.tx_drop as transmitted_dropped_total_packets
  from vds_interface i
  join vds_interface_statistics s using (id)
  left join lateral (select d.status in (3, 9, 10) as told from vds_dynamic d where d.vds_id = i.vds_id) h on true;

-- Entities by their numbers: 2 virtual machines, 15 users, 17 groups, 18 tags.
create or replace view dwh_add_tags_relations_history_view as
  select tag_id as entity_id, 18::smallint as entity_type, parent_id, null::timestamptz as attach_date from tags where parent_id is not null
  union all
  select user_id, 15::smallint, tag_id, null::timestamptz from tags_user_map
  union all
  select group_id, 17::smallint, tag_id, null::timestamptz from tags_user_group_map
  union all
  select m.vm_id, 2::smallint, m.tag_id, null::timestamptz from tags_vm_map m join vm_static v on v.vm_guid = m.vm_id where v.entity_type = 'VM';
