import pg from 'pg';

/** Runs a statement on a connection of its own, and returns its rows. */
export async function runSql<Row>(connection: pg.ClientConfig, text: string, values?: unknown[]): Promise<Row[]> {
  const client = new pg.Client(connection);
  // Servers of tests are killed at any moment; whoever waits for an answer is told by the promise.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row & pg.QueryResultRow>(text, values)).rows;
  } finally {
    await client.end();
  }
}
