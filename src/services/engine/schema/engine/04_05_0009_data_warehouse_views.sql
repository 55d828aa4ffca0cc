-- Data centers, clusters and tags for the data warehouse: the contract is in the migration that made these views.

create or replace view dwh_datacenter_configuration_history_view as
  select
    id as datacenter_id, name::text as datacenter_name, description::text as datacenter_description, is_local as is_local_storage,
    _create_date as create_date, _update_date as update_date
  from storage_pool;

create or replace view dwh_cluster_configuration_history_view as
  select
    cluster_id, name::text as cluster_name, description::text as cluster_description, storage_pool_id as datacenter_id,
    cpu_name::text as cpu_name, count_threads_as_cores, compatibility_version::text as compatibility_version,
    _create_date as create_date, _update_date as update_date
  from cluster;

create or replace view dwh_tags_details_history_view as
  with recursive tree (tag_id, path, level) as (
    select tag_id, '/' || tag_name, 0 from tags where parent_id is null
    union all
    select tags.tag_id, tree.path || '/' || tag_name, tree.level + 1 from tags join tree on tags.parent_id = tree.tag_id
  )
  select
    tags.tag_id, tag_name::text as tag_name, description::text as tag_description, path::text as tag_path, level::smallint as tag_level,
    null::timestamptz as create_date, null::timestamptz as update_date
  from tags join tree on tree.tag_id = tags.tag_id;

-- Entities by their numbers: 15 users, 17 groups, 18 tags.
create or replace view dwh_add_tags_relations_history_view as
  select tag_id as entity_id, 18::smallint as entity_type, parent_id, null::timestamptz as attach_date from tags where parent_id is not null
  union all
  select user_id, 15::smallint, tag_id, null::timestamptz from tags_user_map
  union all
  select group_id, 17::smallint, tag_id, null::timestamptz from tags_user_group_map;
