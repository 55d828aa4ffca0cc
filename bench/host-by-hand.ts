import { programOnHost } from '../test/support/test-host.ts';

/**
 * What an administrator would type on a host with the system packages to get the same databases, the same certificates, and PostgreSQL
 * and Apache restarted for them: nothing of the services, accounts or the firewall.
 */
export const hostByHand = `set -e
cd /tmp
services=${programOnHost}/src/services
name=$(hostname -f)
pg_createcluster 15 main --locale=C.UTF-8 --encoding=UTF8 >/dev/null
printf 'max_connections = 150\\nautovacuum_max_workers = 6\\nwork_mem = 8MB\\n' >/etc/postgresql/15/main/conf.d/engine.conf
systemctl start postgresql@15-main
for db in engine ovirt_engine_history; do
  runuser -u postgres -- psql -q -c "create role $db login password 'x'" \\
    -c "create database $db owner $db template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'"
done
export PGPASSWORD=x
migrate() {
  db=$1
  shift
  for file in "$@"; do psql -q -1 -v ON_ERROR_STOP=1 -h localhost -U $db -f $file $db >/dev/null; done
}
migrate engine $services/engine/schema/engine/*.sql
migrate engine $services/engine/schema/aaa_jdbc/*.sql
migrate ovirt_engine_history $services/dwh/schema/*.sql
openssl req -x509 -newkey rsa:3072 -nodes -keyout ca.key -out ca.pem -days 3650 -subj "/C=US/O=Example/CN=$name.1" 2>/dev/null
for leaf in engine apache websocket-proxy; do
  openssl req -newkey rsa:2048 -nodes -keyout $leaf.key -out $leaf.csr -subj "/CN=$name" 2>/dev/null
  printf 'subjectAltName=DNS:%s' $name >extensions
  openssl x509 -req -in $leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 397 -extfile extensions -out $leaf.cer 2>/dev/null
done
a2enmod -q ssl proxy proxy_http headers >/dev/null
systemctl restart apache2
systemctl restart postgresql@15-main
`;
