/** The keys of a record: its name, the type of its value and its number, as upstream's clients look them up. */
const key = (name: string, id: string, type = 'java.lang.String'): string => `AAA_AUTHZ_${name};${type};${id}`;
const collection = 'java.util.Collection';

export const principalKeys = {
  namespace: key('PRINCIPAL_NAMESPACE', '79703b8c-1e50-462f-9491-f5cf446f49de'),
  id: key('PRINCIPAL_ID', '4f9440bc-9303-4d95-b317-b827515c782f'),
  name: key('PRINCIPAL_NAME', 'a0df5bcc-6ead-40a2-8565-2f5cc8773bdd'),
  displayName: key('PRINCIPAL_DISPLAY_NAME', '1687a9e2-d951-4ee6-9409-36bca8e83ed1'),
  email: key('PRINCIPAL_EMAIL', '47367f40-71ca-472f-81b6-e11a0e0b75ed'),
  firstName: key('PRINCIPAL_FIRST_NAME', '654c2738-581b-45d4-a486-362d891d2db2'),
  lastName: key('PRINCIPAL_LAST_NAME', 'd1479cd7-a19e-4bd8-a639-1e9db7f398d8'),
  department: key('PRINCIPAL_DEPARTMENT', '636e84bc-1e3a-4537-9407-7c6c3024fb60'),
  title: key('PRINCIPAL_TITLE', '506d3833-5c86-495c-af4c-0de2ef2da4ed'),
  groups: key('PRINCIPAL_GROUPS', '738ec045-aade-478f-90f9-13f4aa229a54', collection),
} as const;

export const groupKeys = {
  namespace: key('GROUP_NAMESPACE', 'a4763ceb-472f-4f06-a61e-e71289b5afe4'),
  id: key('GROUP_ID', '4615d4d3-a1b7-43cc-bc8d-c8a24a2ffd5a'),
  name: key('GROUP_NAME', '0eebe54f-b429-44f3-aa80-4704cbb16835'),
  displayName: key('GROUP_DISPLAY_NAME', 'cc2c8f75-bfac-453b-9184-c6ee18d62ef5'),
  groups: key('GROUP_GROUPS', 'c4f34760-084b-4f29-b9cf-e77bb539ec18', collection),
} as const;
