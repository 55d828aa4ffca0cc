import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { statusNumber } from '../hosts/host-status.ts';
import { callerOf } from '../http/access.ts';
import { machineStatusNumbers } from '../machines/machine-status.ts';
import { readOption } from '../options.ts';
import { storageStatusNumber } from '../storage/storage-status.ts';
import { product, type Version } from '../version.ts';
import { blankTemplate, zeroId } from '../zero-id.ts';
import { sendEntity } from './answer.ts';
import { isFiltered, parameter } from './api-request.ts';
import { schemaXsd, serviceDescription } from './describe-api.ts';
import { apiPath } from './target.ts';
import { collections } from './collections/index.ts';
import type { Entity, Link } from './types.ts';

export interface RootParts {
  readonly database: Database;
  readonly version: Version;
  readonly now: () => number;
}

/** The root document. */
export function rootRoutes(app: FastifyInstance, { database, version, now }: RootParts): void {
  let known: string | null = null;
  /** The id of this installation, which it keeps for life. */
  const instanceId = async (): Promise<string> => (known ??= await readOption(database, 'InstallationId'));

  app.get(apiPath, { config: { access: 'api' } }, async (request, reply) => {
    const name = describedBy(request);
    if (name !== null) return sendDescription(reply, name);
    const { userId, administrator } = callerOf(request).principal;
    const user = { id: userId, href: `${apiPath}/users/${userId}` };
    const filtered = isFiltered(request);
    const [instance, summary] = await Promise.all([instanceId(), administrator && !filtered ? summarize(database, now()) : null]);
    // Clients that look for collections without reading the document.
    void reply.header('link', rootLinks.map(({ href, rel }) => `<${request.protocol}://${request.host}${href}>; rel=${rel}`).join(','));
    return sendEntity(request, reply, 'api', {
      authenticated_user: user,
      effective_user: user,
      // When which part was last saved; nothing has said so yet.
      engine_backup: administrator && !filtered ? {} : null,
      product_info: describeProduct(instance, version),
      special_objects: {
        blank_template: { id: blankTemplate, href: `${apiPath}/templates/${blankTemplate}` },
        root_tag: { id: zeroId, href: `${apiPath}/tags/${zeroId}` },
      },
      summary,
      time: new Date(now()),
      links: rootLinks,
    });
  });
}

/** Collections whose searches clients look for here. All others can be searched as well. */
const withTemplate: ReadonlySet<string> = new Set([
  'clusters',
  'datacenters',
  'events',
  'groups',
  'hosts',
  'instancetypes',
  'networks',
  'storagedomains',
  'templates',
  'users',
  'vms',
]);

/** A link to each collection at the top, and templates of searches; the braces are a part of them. */
const rootLinks: readonly Link[] = collections
  .filter(({ below, rel }) => below === undefined && rel !== 'options')
  .sort((a, b) => (a.rel < b.rel ? -1 : 1))
  .flatMap(({ rel, search }) => [
    { href: `${apiPath}/${rel}`, rel },
    ...(search === undefined || !withTemplate.has(rel) ? [] : [{ href: `${apiPath}/${rel}?search={query}`, rel: `${rel}/search` }]),
    ...(rel === 'events' ? [{ href: `${apiPath}/events;from={event_id}?search={query}`, rel: 'events/search' }] : []),
  ]);

/** The description of the API that a request asks for, or null. */
const describedBy = (request: FastifyRequest): 'schema' | 'rsdl' | null => {
  if (parameter(request, 'schema', null) !== null) return 'schema';
  return parameter(request, 'rsdl', null) === null ? null : 'rsdl';
};

function sendDescription(reply: FastifyReply, name: 'schema' | 'rsdl'): FastifyReply {
  if (name === 'schema') void reply.header('content-disposition', 'attachment; filename="ovirt-engine-api-schema.xsd"');
  return reply.header('content-type', 'application/xml').send(Buffer.from(name === 'schema' ? schemaXsd() : serviceDescription()));
}

function describeProduct(instanceId: string, version: Version): Entity {
  const { name, vendor, major, minor, build, revision } = product;
  return { instance_id: instanceId, name, vendor, version: { major, minor, build, revision, full_version: version.full } };
}

async function summarize(database: Database, now: number): Promise<Entity> {
  type Count = 'hosts' | 'hostsUp' | 'domains' | 'domainsActive' | 'users' | 'usersHere' | 'machines' | 'machinesUp';
  const [counts] = await database.query<Record<Count, string>>(
    `select (select count(*) from vds_static) as hosts, (select count(*) from vds_dynamic where status = ${statusNumber('up')}) as "hostsUp",
       (select count(*) from storage_domain_static) as domains,
       (select count(distinct storage_id) from storage_pool_iso_map where status = ${storageStatusNumber('active')}) as "domainsActive",
       (select count(*) from users) as users, (select count(distinct user_id) from sso_sessions where valid_to > $1) as "usersHere",
       (select count(*) from vm_dynamic) as machines, (select count(*) from vm_dynamic where status = any($2::integer[])) as "machinesUp"`,
    [new Date(now), machineStatusNumbers('up', 'powering_up', 'reboot_in_progress', 'paused', 'migrating')],
  );
  return {
    hosts: { active: counts?.hostsUp, total: counts?.hosts },
    storage_domains: { active: counts?.domainsActive, total: counts?.domains },
    users: { active: counts?.usersHere, total: counts?.users },
    vms: { active: counts?.machinesUp, total: counts?.machines },
  };
}
