-- A disk that is shared is a device of several machines: each has versions of its own.

drop index vm_device_history_latest;
create index vm_device_history_latest on vm_device_history (device_id, vm_id, history_id desc);

create or replace view v4_5_latest_configuration_vms_devices as
  select * from v4_5_configuration_history_vms_devices a
  where delete_date is null
    and history_id = (select max(history_id) from vm_device_history b where b.device_id = a.device_id and b.vm_id = a.vm_id);

create or replace view v4_3_latest_configuration_vms_devices as
  select * from v4_3_configuration_history_vms_devices a
  where delete_date is null
    and history_id = (select max(history_id) from vm_device_history b where b.device_id = a.device_id and b.vm_id = a.vm_id);
