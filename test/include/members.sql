-- Every member of the extension with all its attributes, one a line, in names instead of
-- OIDs: two installations print the same if and only if they are the same. The extension's
-- schema must be on the search_path.
WITH RECURSIVE member AS (
	SELECT d.classid, d.objid
	FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'crm_ext'
), part AS (
	-- with what members bring along: array types, row types, indexes, constraints, rules
	SELECT classid, objid FROM member
	UNION
	SELECT d.classid, d.objid
	FROM part p JOIN pg_depend d ON d.refclassid = p.classid AND d.refobjid = p.objid
	WHERE d.deptype IN ('i', 'a')
), object AS (
	SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name FROM part
), line(name, about) AS (
	SELECT o.name, CASE WHEN m.objid IS NULL THEN 'part' ELSE 'member' END
	FROM object o LEFT JOIN member m USING (classid, objid)
	UNION ALL
	SELECT o.name, concat_ws(' ', pg_get_function_arguments(p.oid), 'returns', pg_get_function_result(p.oid),
		'language', l.lanname, 'acl', p.proacl::text, pg_get_function_sqlbody(p.oid),
		(to_jsonb(p) - '{oid,pronamespace,proowner,prolang,provariadic,prorettype,proargtypes,proallargtypes,proargdefaults,prosqlbody,proacl}'::text[])::text)
	FROM object o JOIN pg_proc p ON o.classid = 'pg_proc'::regclass AND p.oid = o.objid JOIN pg_language l ON l.oid = p.prolang
	UNION ALL
	SELECT o.name, concat_ws(' ', 'aggregate of', a.aggtranstype::regtype, a.aggmtranstype::regtype, a.aggsortop::regoperator,
		a.aggtransfn::regprocedure, a.aggfinalfn::regprocedure, a.aggcombinefn::regprocedure, a.aggserialfn::regprocedure,
		a.aggdeserialfn::regprocedure, a.aggmtransfn::regprocedure, a.aggminvtransfn::regprocedure, a.aggmfinalfn::regprocedure,
		(to_jsonb(a) - '{aggfnoid,aggtranstype,aggmtranstype,aggsortop}'::text[])::text)
	FROM object o JOIN pg_aggregate a ON o.classid = 'pg_proc'::regclass AND a.aggfnoid = o.objid
	UNION ALL
	SELECT o.name, concat_ws(' ', 'element', t.typelem::regtype, 'array', t.typarray::regtype, 'base', t.typbasetype::regtype,
		'relation', t.typrelid::regclass, 'collation', t.typcollation::regcollation, 'acl', t.typacl::text,
		(to_jsonb(t) - '{oid,typnamespace,typowner,typrelid,typelem,typarray,typbasetype,typcollation,typdefaultbin,typacl}'::text[])::text)
	FROM object o JOIN pg_type t ON o.classid = 'pg_type'::regclass AND t.oid = o.objid
	UNION ALL
	SELECT o.name, concat_ws(' ', 'label', e.enumsortorder, e.enumlabel)
	FROM object o JOIN pg_enum e ON o.classid = 'pg_type'::regclass AND e.enumtypid = o.objid
	UNION ALL
	SELECT o.name, concat_ws(' ', am.amname, 'acl', c.relacl::text, CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
		(to_jsonb(c) - '{oid,relnamespace,reltype,reloftype,relowner,relam,relfilenode,reltablespace,relpages,reltuples,relallvisible,relallfrozen,reltoastrelid,relfrozenxid,relminmxid,relacl,relpartbound}'::text[])::text)
	FROM object o JOIN pg_class c ON o.classid = 'pg_class'::regclass AND c.oid = o.objid LEFT JOIN pg_am am ON am.oid = c.relam
	WHERE c.relkind <> 't' -- named by a number
	UNION ALL
	SELECT o.name, concat_ws(' ', 'column', a.attname, format_type(a.atttypid, a.atttypmod), 'collation', a.attcollation::regcollation,
		'default', pg_get_expr(d.adbin, d.adrelid), ARRAY(SELECT o FROM unnest(a.attoptions) AS o WHERE o !~ '^pg_attver=')::text,
		(to_jsonb(a) - '{attrelid,atttypid,attcollation,attcacheoff,attmissingval,atthasmissing,attoptions}'::text[])::text)
	FROM object o JOIN pg_class c ON o.classid = 'pg_class'::regclass AND c.oid = o.objid AND c.relkind <> 't'
		JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attnum > 0
	UNION ALL
	SELECT o.name, pg_get_indexdef(o.objid) FROM object o JOIN pg_index i ON o.classid = 'pg_class'::regclass AND i.indexrelid = o.objid
		JOIN pg_class c ON c.oid = i.indrelid AND c.relkind <> 't'
	UNION ALL
	SELECT o.name, pg_get_constraintdef(o.objid) FROM object o WHERE o.classid = 'pg_constraint'::regclass
	UNION ALL
	SELECT o.name, concat_ws(' ', r.oprcode::regprocedure, 'returns', r.oprresult::regtype, 'commutator', r.oprcom::regoperator,
		'negator', r.oprnegate::regoperator, 'restrict', r.oprrest, 'join', r.oprjoin, r.oprcanmerge, r.oprcanhash, r.oprkind)
	FROM object o JOIN pg_operator r ON o.classid = 'pg_operator'::regclass AND r.oid = o.objid
	UNION ALL
	SELECT o.name, concat_ws(' ', 'for', c.opcintype::regtype, c.opcdefault, 'keeps', c.opckeytype::regtype)
	FROM object o JOIN pg_opclass c ON o.classid = 'pg_opclass'::regclass AND c.oid = o.objid
	UNION ALL
	SELECT o.name, concat_ws(' ', p.amopstrategy, p.amoppurpose, p.amopopr::regoperator, p.amoplefttype::regtype, p.amoprighttype::regtype)
	FROM object o JOIN pg_amop p ON o.classid = 'pg_opfamily'::regclass AND p.amopfamily = o.objid
	UNION ALL
	SELECT o.name, concat_ws(' ', p.amprocnum, p.amproc::regprocedure, p.amproclefttype::regtype, p.amprocrighttype::regtype)
	FROM object o JOIN pg_amproc p ON o.classid = 'pg_opfamily'::regclass AND p.amprocfamily = o.objid
	UNION ALL
	SELECT o.name, concat_ws(' ', c.castfunc::regprocedure, c.castcontext, c.castmethod)
	FROM object o JOIN pg_cast c ON o.classid = 'pg_cast'::regclass AND c.oid = o.objid
	UNION ALL
	SELECT o.name, concat_ws(' ', 'comment', d.objsubid, d.description)
	FROM object o JOIN pg_description d ON d.classoid = o.classid AND d.objoid = o.objid
	UNION ALL
	SELECT o.name, concat_ws(' ', 'initial privileges', i.objsubid, i.initprivs::text)
	FROM object o JOIN pg_init_privs i ON i.classoid = o.classid AND i.objoid = o.objid
	UNION ALL
	SELECT 'extension', concat_ws(' ', e.extversion, e.extrelocatable, e.extcondition::text, ARRAY(SELECT c::regclass FROM unnest(e.extconfig) AS c)::text)
	FROM pg_extension e WHERE e.extname = 'crm_ext'
)
SELECT text
FROM (SELECT regexp_replace(name || ': ' || about, '\s+', ' ', 'g') FROM line WHERE name !~ 'pg_toast') AS one(text)
ORDER BY text COLLATE "C";
