-- Values that would pass 1 GB are refused, with a hint at what to do instead. Takes 4 GB of memory.
BEGIN;
SELECT no_plan();
SET LOCAL jit = off;
\getenv under CRM_UNDER
\if :{?under}
	SELECT 0 AS room \gset
\else
	SELECT coalesce(substring(pg_read_file('/proc/meminfo', 0, 10000, true) FROM 'MemAvailable: +(\d+)')::bigint / 1000000, 0) AS room \gset
\endif
SELECT :room >= 6 AS roomy \gset
\if :roomy
CREATE FUNCTION pg_temp.hint_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
	EXECUTE query;
	RETURN 'none needed';
EXCEPTION WHEN program_limit_exceeded THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN SQLSTATE || ' ' || hint;
END $$;
SELECT ok(pg_temp.hint_of(format('SELECT %s FROM (SELECT repeat(''x'', 1000000) || i AS id FROM generate_series(1, 1100) i OFFSET 0) ids', call)) LIKE '54000 ' || hint, 'more than 1 GB of ids: ' || call)
FROM (VALUES ('book_agg(id, date ''2024-01-01'')', '%histories_of%'), ('referral_agg(id, ''somebody'', 1)', '%part%'), ('affinity_agg(1::text, id)', '%products%'),
	('engagement_agg(''2024-01-01Z'', ''inbound'', id, NULL, ''UTC'')', '%')) v(call, hint);
SELECT throws_ok('SELECT periods(''0001-01-01'', ''5000000-01-01'', ''1 day'')', '54000', NULL, 'more than 1 GB of periods');
\else
SELECT skip('less than 6 GB of memory are free, or not for the server alone', 5);
\endif
SELECT * FROM finish();
ROLLBACK;
