-- Consoles of virtual machines: the graphical ones, and the serial ones with ssh.

insert into vdc_options (option_name, option_value, default_value)
values
  -- seconds until a ticket for the WebSocket proxy has to be used
  ('WebSocketProxyTicketValiditySeconds', '120', '120')
on conflict (option_name, version) do nothing;

-- Whether VNC displays of a host want TLS.
alter table vds_dynamic add column vnc_encryption_enabled boolean not null default false;
-- Kinds of displays that machines can have there, with commas; null where the host does not say.
alter table vds_dynamic add column supported_displays character varying(1100);

-- Serial consoles that can be connected to now: those of virtual machines that run and have a console device. What was told of so far came from nowhere
-- but tests: no version has filled the table.
drop table vm_serial_console;
create view vm_serial_console as
  select s.vm_guid as vm_id, s.vm_name, s.cluster_id, h.host_name as host_address
  from vm_dynamic d
  join vm_static s using (vm_guid)
  join vds_static h on h.vds_id = d.run_on_vds
  -- up, powering up, paused, migrating away, in the middle of a reboot, powering down
  where d.status in (1, 2, 4, 5, 10, 16) and s.entity_type = 'VM'
    and exists (select from vm_device v where v.vm_id = s.vm_guid and v.type = 'console' and v.is_plugged);
