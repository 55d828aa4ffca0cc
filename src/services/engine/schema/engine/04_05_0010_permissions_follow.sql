-- What goes away takes along the permissions on it, and those that it was given: nobody else would remove them.

create function remove_permissions_of_deleted()
returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
declare
  v_id uuid := (to_jsonb(old) ->> tg_argv[0])::uuid;
begin
  delete from permissions where object_id = v_id or ad_element_id = v_id;
  return null;
end
$$;

create trigger permissions_follow after delete on storage_pool for each row execute function remove_permissions_of_deleted('id');
create trigger permissions_follow after delete on cluster for each row execute function remove_permissions_of_deleted('cluster_id');
create trigger permissions_follow after delete on network for each row execute function remove_permissions_of_deleted('id');
create trigger permissions_follow after delete on vnic_profiles for each row execute function remove_permissions_of_deleted('id');
create trigger permissions_follow after delete on mac_pools for each row execute function remove_permissions_of_deleted('id');
create trigger permissions_follow after delete on ad_groups for each row execute function remove_permissions_of_deleted('id');
create trigger permissions_follow after delete on users for each row execute function remove_permissions_of_deleted('user_id');
create trigger permissions_follow after delete on roles for each row execute function remove_permissions_of_deleted('id');
create trigger permissions_follow after delete on tags for each row execute function remove_permissions_of_deleted('tag_id');
create trigger permissions_follow after delete on bookmarks for each row execute function remove_permissions_of_deleted('bookmark_id');
create trigger permissions_follow after delete on labels for each row execute function remove_permissions_of_deleted('label_id');

-- Tags are a tree: none of them may lie below itself.
create function keep_tags_a_tree()
returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
begin
  -- One after the other: two moves at once could each look right alone.
  perform pg_advisory_xact_lock(hashtext('tags'));
  if exists (
    with recursive up as (
      select new.parent_id as id
      union
      select t.parent_id from tags t join up on t.tag_id = up.id
    )
    select from up where id = new.tag_id
  ) then
    raise exception 'A tag cannot lie below itself.' using errcode = 'OV409';
  end if;
  return new;
end
$$;
create trigger tags_are_a_tree before insert or update of parent_id on tags for each row execute function keep_tags_a_tree();

-- Labels are objects as well: without a place in this view nobody has a permit on them.
create or replace view permission_objects (object_id, object_type_id, parent_id) as
  select 'aaa00000-0000-0000-0000-123456789aaa'::uuid, 1, null::uuid
  union all select id, 14, 'aaa00000-0000-0000-0000-123456789aaa' from storage_pool
  union all select cluster_id, 9, coalesce(storage_pool_id, 'aaa00000-0000-0000-0000-123456789aaa') from cluster
  union all select id, 20, storage_pool_id from network
  union all select id, 27, network_id from vnic_profiles
  union all select id, 28, 'aaa00000-0000-0000-0000-123456789aaa' from mac_pools
  union all select tag_id, 22, 'aaa00000-0000-0000-0000-123456789aaa' from tags
  union all select bookmark_id, 23, 'aaa00000-0000-0000-0000-123456789aaa' from bookmarks
  union all select user_id, 15, 'aaa00000-0000-0000-0000-123456789aaa' from users
  union all select id, 17, 'aaa00000-0000-0000-0000-123456789aaa' from ad_groups
  union all select id, 16, 'aaa00000-0000-0000-0000-123456789aaa' from roles
  union all select label_id, 0, 'aaa00000-0000-0000-0000-123456789aaa' from labels;
