/*
 * workspace/discover.sql - crm_discover: which tables look like purchases, and the call to attach each.
 *
 * Names are read as words: CustomerID, customer_id and customerid are one. A column's points say
 * how surely its name means a role, 0 that it does not.
 */

CREATE FUNCTION workspace_words(name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN lower(regexp_replace(regexp_replace(name, '([a-z0-9])([A-Z])', '\1_\2', 'g'), '[^A-Za-z0-9]+', '_', 'g'));
COMMENT ON FUNCTION workspace_words(text) IS
	'internal: a name in lower case, its words parted by underscores';

CREATE FUNCTION workspace_points(words text, purpose text) RETURNS integer
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE workspace_points.purpose
		WHEN 'customer_id' THEN CASE
			WHEN words ~ '^(customer|client|buyer|cust|shopper|purchaser|donor)(_?(id|no|nr|number|key|code|uuid|sk))?$' THEN 100
			WHEN words ~ '^(user|member|account|contact|subscriber|guest|person|party|partner)_?(id|no|nr|number|key|code|uuid)$' THEN 80
			WHEN words ~ '(customer|client|buyer|shopper)_?(id|no|key|email|uuid)?$' THEN 75
			WHEN words ~ '(^|_)(user|member|account|contact|email)(_?(id|address))?$' THEN 55
			ELSE 0 END
		WHEN 'purchased_at' THEN CASE
			WHEN words ~ '(birth|expir|delet|cancel|refund|return|last_|prev|next|start|end|from$|until)' THEN 0
			WHEN words ~ '(updat|modif|chang|ship|due|require|deliver|fulfil|gmt$|utc$)' THEN 20
			WHEN words ~ '^(order|ordered|purchase|purchased|invoice|payment|paid|transaction|sale|sales|sold|donation|booking|bought)_?(date|at|on|time|timestamp|datetime|day|dt|ts)?$' THEN 100
			WHEN words ~ '(order|purchase|invoice|payment|transaction|sale|donation)' THEN 90
			WHEN words ~ '(creat|placed|complet|insert|added)' THEN 80
			WHEN words ~ '^(date|datetime|timestamp|time|day|ts|occurred_at|happened_at|event_time)$' THEN 70
			ELSE 30 END
		WHEN 'amount' THEN CASE
			WHEN words ~ '(tax|vat|freight|ship|discount|coupon|fee|tip|weight|qty|quantity|count|items|rate|percent|refund|balance|cost|margin|credit|points|cancel|invoiced|(^|_)(due|id|no|number|year|month|status|state)$)'
				AND words !~ '^total_?due$' THEN 0
			WHEN words ~ '^(grand_?total|total_?due|order_?total|total_?(amount|price|sales|value|sum|paid|gross)|total)$' THEN 100
			WHEN words ~ '^((net|gross|sales?|invoice|purchase|amount|price)_?total|amount|(order|payment|sale|sales|purchase|transaction|donation|invoice|paid|net|gross)_?amount|amount_?paid)$' THEN 95
			WHEN words ~ '^(revenue|sales|base_grand_total|sub_?total|amount_cents|total_cents)$' THEN 85
			WHEN words ~ '(total|amount|revenue)' THEN 65
			WHEN words ~ '^(price|value|sum|spend|paid|payment)$' THEN 60
			ELSE 0 END
		WHEN 'line total' THEN CASE
			WHEN words ~ '^(line|row|item|extended|ext)_?(total|amount|price|value)$' THEN 100
			WHEN words ~ '^(total|sub_?total|amount|total_price|price_total)$' THEN 80
			ELSE 0 END
		WHEN 'quantity' THEN CASE WHEN words ~ '^((order|ordered|line|item)_?)?(quantity|qty|count|units|order_qty)(_ordered)?$' THEN 100 ELSE 0 END
		WHEN 'price' THEN CASE
			WHEN words ~ '^(unit|item|sale|sales|selling|net)_?price(_each)?$|^price_?each$' THEN 100
			WHEN words ~ '^(price|list_price)$' THEN 80
			ELSE 0 END
		WHEN 'discount' THEN CASE WHEN words ~ '^(unit_?(price_?)?)?discount(_(rate|fraction|percent|pct))?$' THEN 100 ELSE 0 END
		WHEN 'relation' THEN CASE
			WHEN words ~ '(detail|line|item|history|archive|audit|(^|_)log|refund|quote|cart|status|address|shipment|draft|tmp|temp|backup|tax|product_lookup)' THEN 20
			WHEN words ~ '(order|sale|invoice|purchase|payment|transaction|donation|checkout|receipt)' THEN 100
			ELSE 50 END
	END;
COMMENT ON FUNCTION workspace_points(text, text) IS
	'internal: how surely a name means a role, 0 to 100';

-- The order's total from its lines: the child relation and its expression, or NULL. The child
-- refers to the order's primary key by a foreign key or by a column of the same name.
CREATE FUNCTION workspace_lines(orders regclass, OUT lines regclass, OUT on_order text, OUT order_key text, OUT total text)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	line record;
	discount text;
	is_fraction boolean;
BEGIN
	EXECUTE format($query$
		SELECT c.oid::regclass AS lines, a.attname AS reference, k.attname AS key, line_total.attname AS line_total,
			quantity.attname AS quantity, price.attname AS price, discount.attname AS discount
		FROM pg_index i
			JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[0]
			JOIN pg_class c ON c.oid <> i.indrelid AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
				AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = i.indrelid) AND has_table_privilege(c.oid, 'SELECT')
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
				AND (%1$s.workspace_words(a.attname) = %1$s.workspace_words(k.attname) AND a.atttypid = k.atttypid
					OR EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = c.oid AND f.confrelid = i.indrelid
						AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum]))
			LEFT JOIN LATERAL (SELECT l.attname, %1$s.workspace_points(%1$s.workspace_words(l.attname), 'line total') AS points FROM pg_attribute l
				WHERE l.attrelid = c.oid AND l.attnum > 0 AND NOT l.attisdropped AND %1$s.workspace_suits(l.atttypid, 'amount')
					AND %1$s.workspace_points(%1$s.workspace_words(l.attname), 'line total') > 0 ORDER BY 2 DESC, l.attnum LIMIT 1) AS line_total ON true
			LEFT JOIN LATERAL (SELECT l.attname FROM pg_attribute l
				WHERE l.attrelid = c.oid AND l.attnum > 0 AND NOT l.attisdropped AND %1$s.workspace_suits(l.atttypid, 'amount')
					AND %1$s.workspace_points(%1$s.workspace_words(l.attname), 'quantity') > 0 ORDER BY l.attnum LIMIT 1) AS quantity ON true
			LEFT JOIN LATERAL (SELECT l.attname, %1$s.workspace_points(%1$s.workspace_words(l.attname), 'price') AS points FROM pg_attribute l
				WHERE l.attrelid = c.oid AND l.attnum > 0 AND NOT l.attisdropped AND %1$s.workspace_suits(l.atttypid, 'amount')
					AND %1$s.workspace_points(%1$s.workspace_words(l.attname), 'price') > 0 ORDER BY 2 DESC, l.attnum LIMIT 1) AS price ON true
			LEFT JOIN LATERAL (SELECT l.attname FROM pg_attribute l
				WHERE l.attrelid = c.oid AND l.attnum > 0 AND NOT l.attisdropped AND %1$s.workspace_suits(l.atttypid, 'amount')
					AND %1$s.workspace_points(%1$s.workspace_words(l.attname), 'discount') > 0 ORDER BY l.attnum LIMIT 1) AS discount ON true
		WHERE i.indrelid = $1 AND i.indisprimary AND i.indnkeyatts = 1
			AND (line_total.attname IS NOT NULL OR price.attname IS NOT NULL)
		ORDER BY coalesce(line_total.points, 0) = 100 DESC, quantity.attname IS NOT NULL AND price.attname IS NOT NULL DESC,
			%1$s.workspace_words(c.relname) ~ '(detail|line|item)' DESC, c.oid, a.attnum
		LIMIT 1 $query$, crm) INTO line USING orders;
	IF line.lines IS NULL THEN
		RETURN;
	END IF;
	lines := line.lines;
	on_order := quote_ident(line.reference);
	order_key := quote_ident(line.key);
	IF line.line_total IS NOT NULL THEN
		total := format('l.%I', line.line_total);
		RETURN;
	END IF;
	total := format('l.%I::numeric', line.price)
		|| coalesce(format(' * l.%I', line.quantity), '');
	IF line.discount IS NOT NULL THEN
		EXECUTE format('SELECT coalesce(max(%I) <= 1 AND min(%1$I) >= 0, true) FROM %s', line.discount, line.lines) INTO is_fraction;
		total := total || CASE WHEN is_fraction THEN format(' * (1 - l.%I::numeric)', line.discount)
			ELSE format(' /* l.%I is not a fraction and not applied */', line.discount) END;
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_lines(regclass) IS
	'internal: the relation that holds the lines of an order, and the expression of a line''s money';

CREATE FUNCTION crm_discover(OUT relation regclass, OUT score integer, OUT call text) RETURNS SETOF record
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	prefix text := CASE crm WHEN 'public' THEN '' ELSE crm || '.' END;
	found record;
	line record;
	source text;
BEGIN
	FOR found IN EXECUTE format($query$
		WITH col AS (
			SELECT c.oid, c.relname, c.relkind, n.nspname, a.attname, a.attnum, a.atttypid,
				%1$s.workspace_words(a.attname) AS words, t.typcategory,
				EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AS is_key,
				(SELECT %1$s.workspace_words(r.relname) FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid
					WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum] LIMIT 1) AS refers_to
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
				JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
				JOIN pg_type t ON t.oid = %1$s.workspace_base_type(a.atttypid)
			WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
				AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
				AND NOT EXISTS (SELECT FROM pg_class w WHERE w.relnamespace = n.oid AND w.relname = 'workspace_state')
				AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
				AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')),
		role AS (
			SELECT col.*,
				CASE WHEN is_key OR typcategory NOT IN ('N', 'S', 'U') OR NOT %1$s.workspace_suits(atttypid, 'customer_id') THEN 0
					ELSE greatest(%1$s.workspace_points(words, 'customer_id'),
						CASE WHEN refers_to ~ '(customer|client|buyer|shopper|donor)' AND words !~ '(previous|parent|referr)' THEN 95
							WHEN refers_to ~ '(^|_)(user|member|account|contact|person|people|partner)s?$' AND words !~ '(seller|sales|staff|employee|created|updated)' THEN 70
							ELSE 0 END) END AS as_customer,
				CASE WHEN %1$s.workspace_suits(atttypid, 'purchased_at') THEN %1$s.workspace_points(words, 'purchased_at') ELSE 0 END AS as_time,
				CASE WHEN is_key OR refers_to IS NOT NULL OR NOT %1$s.workspace_suits(atttypid, 'amount') THEN 0
					ELSE %1$s.workspace_points(words, 'amount') END AS as_amount
			FROM col),
		best AS (
			SELECT oid, relname, relkind, nspname,
				(array_agg(attname ORDER BY as_customer DESC, attnum) FILTER (WHERE as_customer > 0))[1] AS customer_id,
				max(as_customer) AS customer_points,
				(array_agg(attname ORDER BY as_time DESC, attnum) FILTER (WHERE as_time > 0))[1] AS purchased_at,
				max(as_time) AS time_points,
				(array_agg(attname ORDER BY as_amount DESC, attnum) FILTER (WHERE as_amount > 0))[1] AS amount,
				max(as_amount) AS amount_points
			FROM role GROUP BY oid, relname, relkind, nspname)
		SELECT best.*, %1$s.workspace_points(%1$s.workspace_words(relname), 'relation') AS relation_points,
			relkind IN ('v', 'm') AS is_view
		FROM best
		WHERE customer_points >= 50 AND time_points >= 20
			AND %1$s.workspace_words(relname) !~ '(^|_)(customer|client|user|member|account|contact|person|people|staff|employee)s?(_entity|_lookup)?$'
		$query$, crm)
	LOOP
		relation := found.oid;
		source := format('%I.%I', found.nspname, found.relname);
		call := '';
		IF found.amount IS NULL THEN
			EXECUTE format('SELECT * FROM %s.workspace_lines($1)', crm) INTO line USING found.oid;
			IF line.lines IS NOT NULL THEN
				call := format(E'CREATE VIEW %I.%I AS\nSELECT o.%I, o.%I, sum(%s) AS total\nFROM %s AS o LEFT JOIN %s AS l ON l.%s = o.%s\nGROUP BY o.%s, o.%I, o.%I;\n',
					found.nspname, found.relname || '_with_total', found.customer_id, found.purchased_at, line.total,
					source, (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = line.lines),
					line.on_order, line.order_key, line.order_key, found.customer_id, found.purchased_at);
				source := format('%I.%I', found.nspname, found.relname || '_with_total');
				found.amount := 'total';
				found.amount_points := 90;
			END IF;
		END IF;
		score := round(0.35 * found.customer_points + 0.25 * found.time_points + 0.25 * found.amount_points
			+ 0.15 * found.relation_points - CASE WHEN found.is_view THEN 5 ELSE 0 END);
		call := call || format('SELECT %scrm_attach(%L, customer_id => %L, purchased_at => %L%s%s);', prefix, source,
			found.customer_id, found.purchased_at, format(CASE WHEN found.amount IS NULL THEN '' ELSE ', amount => %L' END, found.amount),
			CASE WHEN EXISTS (SELECT FROM pg_namespace WHERE nspname = 'crm')
				THEN format(', workspace => %L', left('crm_' || found.relname, 63)) ELSE '' END);
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION crm_discover() IS
	'tables and views that look like purchases, with a score from 0 to 100 and the call that attaches each, ready to paste; ORDER BY score DESC';
