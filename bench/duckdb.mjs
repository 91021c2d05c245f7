// node duckdb.mjs FILE CSV: loads the orders, then answers each line of input, a
// query, by its wall time in milliseconds. Two threads, warm.
import { DuckDBInstance } from '@duckdb/node-api';
import { createInterface } from 'node:readline';

const [file, csv] = process.argv.slice(2);
const instance = await DuckDBInstance.create(file, { threads: '2' });
const connection = await instance.connect();
await connection.run(`CREATE TABLE orders AS SELECT order_id::BIGINT AS order_id, customer_id::BIGINT AS customer_id,
  ordered_at::TIMESTAMP AS ordered_at, amount::DECIMAL(10,2) AS amount FROM read_csv('${csv}', header = true)`);
await connection.run('CHECKPOINT');
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const start = performance.now();
  const result = await connection.runAndReadAll(line);
  result.getRows();
  console.log((performance.now() - start).toFixed(3));
}
