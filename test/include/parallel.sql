-- \ir include/parallel.sql: from here on every query that can runs in parallel workers, with
-- the leader idle, so that partial states really travel. RESET ALL goes back.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
