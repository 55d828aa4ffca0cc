import type { DatabaseAddress, View } from '#kit';
import { adminPassword, host, name, password, port, user } from './settings.ts';

/** The engine's own way into its database. */
export const engineDatabase = (view: View): DatabaseAddress => ({
  host: view.get(host),
  port: view.get(port),
  name: view.get(name),
  user: view.get(user),
  password: view.get(password),
});

/** The administrator's way into the server. */
export const administration = (view: View): DatabaseAddress => ({
  ...engineDatabase(view),
  name: 'postgres',
  user: 'postgres',
  password: view.get(adminPassword),
});
