/*
 * workspace/source.sql - what a workspace must know of the relation it stands over.
 *
 * These are internal to crm_attach, crm_refresh and crm_discover. They run with their
 * caller's rights; nothing in a string names the extension's schema, which is looked up.
 */

CREATE FUNCTION workspace_base_type(type oid) RETURNS oid
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workspace_base_type(oid) IS
	'internal: the type under a domain, or the type itself';

CREATE FUNCTION workspace_key_hashes(type oid) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workspace_key_hashes(oid) IS
	'internal: whether the type has a default hash operator class';

CREATE FUNCTION workspace_key_sorts(type oid) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workspace_key_sorts(oid) IS
	'internal: whether the type has a default btree operator class';

CREATE FUNCTION workspace_key_equality(type oid) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workspace_key_equality(oid) IS
	'internal: the equality of a type''s default operator class, ready for a statement';

CREATE FUNCTION workspace_is_sampled(id anyelement, every bigint) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION workspace_is_sampled(anyelement, bigint) IS
	'internal: whether a customer is in the sample of one in so many, by the hash of the id; all are where every is 1 or less';

CREATE FUNCTION workspace_suits(type oid, purpose text) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE workspace_suits.purpose
			WHEN 'customer_id' THEN workspace_key_hashes(base.type)
			WHEN 'purchased_at' THEN base.type IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
			WHEN 'time' THEN base.type IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
			WHEN 'label' THEN true
			ELSE base.type IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype,
				'numeric'::regtype, 'real'::regtype, 'double precision'::regtype, 'money'::regtype)
		END
		FROM (SELECT workspace_base_type(workspace_suits.type)) AS base(type);
	END;
COMMENT ON FUNCTION workspace_suits(oid, text) IS
	'internal: whether a column of that type can be the customer_id, purchased_at or amount of a workspace, a time, or a label, which anything can be';

CREATE FUNCTION workspace_check_relation(source regclass) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rel record;
BEGIN
	SELECT c.relkind, c.relnamespace INTO rel FROM pg_class c WHERE c.oid = source;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'relation with OID % does not exist', source::oid USING ERRCODE = 'undefined_table';
	END IF;
	IF rel.relkind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
		RAISE EXCEPTION '"%" is not a table, view, materialized view or foreign table', source
			USING ERRCODE = 'wrong_object_type';
	END IF;
	IF NOT has_schema_privilege(rel.relnamespace, 'USAGE') THEN
		RAISE EXCEPTION 'permission denied for schema %', rel.relnamespace::regnamespace
			USING ERRCODE = 'insufficient_privilege',
				HINT = format('Its owner can run: GRANT USAGE ON SCHEMA %s TO %I.', rel.relnamespace::regnamespace, current_user);
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_check_relation(regclass) IS
	'internal: refuses what no column can be read from';

-- The column's type, if it is there and can be what it is meant for; else 42703, 42804.
CREATE FUNCTION workspace_column(source regclass, column_name name, purpose text) RETURNS oid
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	likely text;
	found oid;
	fits boolean;
BEGIN
	EXECUTE format('SELECT string_agg(quote_ident(attname), '', '' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND %s.workspace_suits(atttypid, $2)', crm)
		INTO likely USING source, purpose;
	likely := coalesce(format('Columns that could be meant: %s.', likely),
		'No column of it has a type that could.');
	SELECT atttypid INTO found FROM pg_attribute
	WHERE attrelid = source AND attname = workspace_column.column_name AND attnum > 0 AND NOT attisdropped;
	IF found IS NULL THEN
		RAISE EXCEPTION 'column "%" of relation "%" does not exist', column_name, source
			USING ERRCODE = 'undefined_column', HINT = likely, COLUMN = column_name;
	END IF;
	EXECUTE format('SELECT %s.workspace_suits($1, $2)', crm) INTO fits USING found, purpose;
	IF NOT fits THEN
		RAISE EXCEPTION 'column "%" of relation "%" has type %, which cannot be %', column_name, source,
				format_type(found, NULL), CASE purpose
					WHEN 'customer_id' THEN 'a customer''s id: it has no hash operator class'
					WHEN 'purchased_at' THEN 'the time of a purchase'
					WHEN 'time' THEN 'a time'
					ELSE 'an amount of money' END
			USING ERRCODE = 'datatype_mismatch', HINT = likely, COLUMN = column_name;
	END IF;
	IF NOT has_column_privilege(source, column_name, 'SELECT') THEN
		RAISE EXCEPTION 'permission denied for column "%" of relation "%"', column_name, source
			USING ERRCODE = 'insufficient_privilege',
				HINT = format('Its owner can run: GRANT SELECT ON %s TO %I.', source, current_user);
	END IF;
	RETURN found;
END
$$;
COMMENT ON FUNCTION workspace_column(regclass, name, text) IS
	'internal: the type of a source''s column, checked for its purpose: customer_id, purchased_at, amount, time or label';

-- A source is trusted to be described by its change queue only while this is NULL.
CREATE FUNCTION workspace_tree(source regclass) RETURNS SETOF oid
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
		SELECT workspace_tree.source::oid
		UNION
		SELECT t.relid::oid FROM pg_partition_tree(workspace_tree.source) AS t;
	END;
COMMENT ON FUNCTION workspace_tree(regclass) IS
	'internal: a table with all its partitions';

CREATE FUNCTION workspace_capture(source regclass, columns name[]) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE
			WHEN c.relkind NOT IN ('r', 'p') THEN 'none'
			WHEN c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) THEN 'none'
			WHEN EXISTS (SELECT FROM workspace_tree(c.oid) AS t(oid) JOIN pg_class p ON p.oid = t.oid
				WHERE p.relkind NOT IN ('r', 'p')) THEN 'none'
			WHEN EXISTS (SELECT FROM pg_attribute a
				WHERE a.attrelid = c.oid AND a.attname = ANY (workspace_capture.columns) AND a.attgenerated = 'v')
				THEN 'none'
			WHEN row_security_active(c.oid) THEN 'none'
			WHEN c.relkind = 'p' OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
				OR EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid) THEN 'row'
			ELSE 'statement'
		END
		FROM pg_class c WHERE c.oid = workspace_capture.source;
	END;
COMMENT ON FUNCTION workspace_capture(regclass, name[]) IS
	'internal: the capture mode that sees every change of the relation, by what the relation is';

-- ENABLE ALWAYS is the table owner's to say; what replication writes fires no other trigger.
CREATE FUNCTION workspace_is_replicated(source regclass) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN EXISTS (SELECT FROM pg_subscription_rel s
		WHERE s.srrelid IN (SELECT workspace_tree(workspace_is_replicated.source)));
COMMENT ON FUNCTION workspace_is_replicated(regclass) IS
	'internal: whether a subscription of logical replication writes to the table or a partition of it';

CREATE FUNCTION workspace_distrust(source regclass, columns name[], capture text, capture_function oid) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE
			WHEN workspace_distrust.capture = 'none' THEN 'no change capture'
			WHEN row_security_active(workspace_distrust.source) THEN 'row-level security decides what is seen'
			WHEN workspace_capture(workspace_distrust.source, workspace_distrust.columns)
				NOT IN (workspace_distrust.capture, 'statement') THEN
				format('capture %s does not see every change of the source as it is now', workspace_distrust.capture)
			WHEN EXISTS (
				SELECT FROM workspace_tree(workspace_distrust.source) AS member(oid)
					CROSS JOIN unnest(CASE workspace_distrust.capture
						WHEN 'row' THEN ARRAY[4, 8, 16] ELSE ARRAY[4, 8, 16, 32] END) AS event(bit)
				WHERE NOT EXISTS (
					SELECT FROM pg_trigger t
					WHERE t.tgrelid = member.oid AND t.tgfoid = workspace_distrust.capture_function
						AND t.tgtype & event.bit <> 0
						AND (t.tgtype & 1 <> 0) = (workspace_distrust.capture = 'row')
						AND t.tgqual IS NULL AND t.tgattr = ''::int2vector
						AND (t.tgenabled = 'A' OR t.tgenabled = 'O'
							AND NOT workspace_is_replicated(workspace_distrust.source))))
				THEN 'a trigger is missing or disabled'
		END;
	END;
COMMENT ON FUNCTION workspace_distrust(regclass, name[], text, oid) IS
	'internal: why the change queue cannot be trusted; NULL when it can';

-- What a refresh compares with what the last one saw. xmin: a trigger that was switched off
-- and on again has been written.
CREATE FUNCTION workspace_identity(source regclass, columns name[], capture_function oid) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT concat_ws('; ',
			(SELECT 'database ' || d.oid FROM pg_database d WHERE d.datname = current_database()),
			(SELECT string_agg(format('%s %s/%s', c.relkind, c.oid, pg_relation_filenode(c.oid)), ', ' ORDER BY c.oid)
				FROM pg_class c WHERE c.oid IN (SELECT workspace_tree(workspace_identity.source))),
			(SELECT string_agg(format('%s %s %s %s', a.attnum, a.atttypid, a.atttypmod, a.attcollation), ', ' ORDER BY a.attnum)
				FROM pg_attribute a
				WHERE a.attrelid = workspace_identity.source AND a.attname = ANY (workspace_identity.columns)),
			(SELECT string_agg(format('%s %s %s', t.oid, t.tgenabled, t.xmin), ', ' ORDER BY t.oid)
				FROM pg_trigger t WHERE t.tgfoid = workspace_identity.capture_function));
	END;
COMMENT ON FUNCTION workspace_identity(regclass, name[], oid) IS
	'internal: the files, partitions, columns and triggers of a source, as a text to compare';
