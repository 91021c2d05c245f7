-- A query's one value as text, and whether its aggregates are computed in parts.
CREATE FUNCTION pg_temp.value(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
	EXECUTE query INTO answer;
	RETURN answer;
END $$;
CREATE FUNCTION pg_temp.is_partial(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		IF line LIKE '%Partial Aggregate%' THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;
