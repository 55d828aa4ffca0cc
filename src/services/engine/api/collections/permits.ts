/** The object that stands for the whole system. */
export const systemObject = 'aaa00000-0000-0000-0000-123456789aaa';

/** Everything that a role can allow, by the number that the database stores. Names are those of API version 4. */
export const permits = {
  create_vm: 1,
  delete_vm: 2,
  edit_vm_properties: 3,
  vm_basic_operations: 4,
  change_vm_cd: 5,
  migrate_vm: 6,
  connect_to_vm: 7,
  import_export_vm: 8,
  reboot_vm: 17,
  stop_vm: 18,
  shut_down_vm: 19,
  hibernate_vm: 21,
  run_vm: 22,
  reset_vm: 23,
  create_host: 100,
  edit_host_configuration: 101,
  delete_host: 102,
  manipulate_host: 103,
  configure_host_network: 104,
  create_template: 200,
  create_cluster: 400,
  edit_cluster_configuration: 401,
  delete_cluster: 402,
  configure_cluster_network: 403,
  assign_cluster_network: 404,
  manipulate_users: 500,
  manipulate_roles: 501,
  manipulate_permissions: 502,
  add_users_and_groups_from_directory: 503,
  create_storage_domain: 600,
  edit_storage_domain_configuration: 601,
  delete_storage_domain: 602,
  manipulate_storage_domain: 603,
  create_storage_pool: 700,
  delete_storage_pool: 701,
  edit_storage_pool_configuration: 702,
  configure_storage_pool_network: 703,
  configure_engine: 800,
  create_disk: 1100,
  attach_disk: 1101,
  edit_disk_properties: 1102,
  delete_disk: 1104,
  port_mirroring: 1200,
  create_storage_pool_network: 1201,
  edit_storage_pool_network: 1202,
  delete_storage_pool_network: 1203,
  assign_vnic_profile: 1205,
  configure_network_vnic_profile: 1206,
  login: 1300,
  tag_management: 1301,
  bookmark_management: 1302,
  event_notification_management: 1303,
  audit_log_management: 1304,
  inject_external_events: 1400,
  inject_external_tasks: 1500,
  create_mac_pool: 1660,
  edit_mac_pool: 1661,
  delete_mac_pool: 1662,
  configure_mac_pool: 1663,
  connect_to_serial_console: 1664,
} as const;

export type Permit = keyof typeof permits;

/** Permits that make a role one of users, rather than of administrators. */
const ofUsers = new Set<number>([1, 2, 3, 4, 5, 7, 17, 18, 19, 21, 22, 23, 200, 502, 1100, 1101, 1102, 1104, 1205, 1300, 1664]);

/** Whether only roles of administrators have a permit. */
export const isAdministrative = (permit: number): boolean => !ofUsers.has(permit);

/** The name of a permit, by its number. */
export const permitName = (id: number): string | undefined => Object.entries(permits).find(([, number]) => number === id)?.[0];
