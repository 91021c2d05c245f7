-- workspace/products.sql - what is bought together, and what each customer might buy next.

CREATE FUNCTION workspace_best_pairs(counts basket_counts, key_type anyelement, min_count integer, how_many integer)
	RETURNS TABLE (product anyelement, other anyelement, together bigint, confidence double precision, lift double precision,
		log_likelihood_ratio double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION workspace_best_pairs(basket_counts, anyelement, integer, integer) IS
	'internal: of the pairs in at least min_count baskets the so many (1 to 1000) with the largest log-likelihood ratio above 0, largest first, as one row each, the rarer product first; another type than that of the ids: 42804; NULL: no rows';

CREATE FUNCTION workspace_product_views(OUT "position" integer, OUT name name, OUT query text, OUT comment text, OUT columns text, OUT row_type name)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
	BEGIN ATOMIC
	SELECT v.position, v.name::name, v.query, v.comment, v.columns, v.row_type::name
	FROM (VALUES
(1, 'affinity', $query$
SELECT p.product AS product_id,
	p.other AS other_product_id,
	p.together,
	p.product_count,
	p.other_count,
	p.baskets,
	p.support,
	p.confidence,
	p.lift,
	p.log_likelihood_ratio
FROM %2$s.stored_products AS s,
	(SELECT (a.options ->> 'min_count')::integer AS min_count FROM %2$s.workspace_attachment AS a WHERE a.kind = 'products') AS o,
	LATERAL %1$s.affinity(s.result, NULL::%8$s, o.min_count) AS p
$query$, 'products that stand in one basket: two rows for each two, as of the last refresh that rebuilt or fitted', $columns$
product_id: a product
other_product_id: another
together: baskets with both
product_count: baskets with product_id
other_count: baskets with other_product_id
baskets: all baskets
support: together / baskets, a fraction
confidence: together / product_count, a fraction: of the baskets with the one, how many hold the other
lift: confidence / (other_count / baskets): how many times as often as if they had nothing to do with each other
log_likelihood_ratio: G2 of Dunning (1993): how sure it is that they have; negative where lift is below 1
$columns$, NULL),

(2, 'next_products', $query$
SELECT n.customer_id,
	n.position,
	n.product AS product_id,
	n.score,
	n.because_of,
	%1$s.spend_trend(h.history, (SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS spend_trend
FROM %2$s.stored_products_rows AS n
	LEFT JOIN %2$s.customer_history AS h ON h.customer_id %3$s n.customer_id
WHERE NOT EXISTS (SELECT FROM %2$s.attached_products AS r WHERE r.customer_id %3$s n.customer_id AND r.product_id = n.product)
$query$, 'what each customer might buy next, as of the last refresh that rebuilt or fitted; never a product bought already', $columns$
customer_id: the customer's id
position: 1 = best; a number is missing where the customer has bought the product since
product_id: a product not bought yet
score: how well it goes with what was bought: sum of cosine similarities (Deshpande and Karypis 2004)
because_of: the product bought that says so most
spend_trend: growing, steady or shrinking: the slope of the customer's spend over the last four times 90 days, as of the last refresh; NULL when too little is known
$columns$, NULL),

(3, 'best_pairs', $query$
SELECT p.product AS product_id, p.other AS other_product_id, p.together, p.confidence, p.lift, p.log_likelihood_ratio
FROM %2$s.stored_products AS s,
	(SELECT (a.options ->> 'min_count')::integer AS min_count FROM %2$s.workspace_attachment AS a WHERE a.kind = 'products') AS o,
	LATERAL %1$s.workspace_best_pairs(s.result, NULL::%8$s, o.min_count, 100) AS p
$query$, 'the hundred pairs of products that are surest not to be bought together by chance, one row each, as of the last refresh that rebuilt or fitted', $columns$
product_id: the rarer product
other_product_id: the other
together: baskets with both
confidence: together / baskets with product_id, a fraction: of these, how many hold the other
lift: confidence / (baskets with the other / all baskets): how many times as often as by chance; above 1
log_likelihood_ratio: G2 of Dunning (1993); largest first
$columns$, NULL),

(4, 'best_offers', $query$
SELECT c.product_id, c.customers FROM %2$s.stored_products_counts AS c
$query$, 'of how many customers each product is the best next one, as of the last refresh that rebuilt or fitted; what was bought since is not looked at', $columns$
product_id: a product
customers: customers whose position 1 it was
$columns$, NULL)
	) AS v(position, name, query, comment, columns, row_type);
	END;
COMMENT ON FUNCTION workspace_product_views() IS
	'internal: the views of attached products as templates, with their comments';

-- Baskets and products are counted as bigint, uuid or text, both as the same.
CREATE FUNCTION workspace_key_type(source regclass, basket_id name, product_id name) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (SELECT CASE
			WHEN bool_and(t.type IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)) THEN 'bigint'
			WHEN bool_and(t.type = 'uuid'::regtype) THEN 'uuid'
			ELSE 'text' END
		FROM (SELECT workspace_base_type(a.atttypid) AS type FROM pg_attribute a
			WHERE a.attrelid = workspace_key_type.source AND a.attname IN (workspace_key_type.basket_id, workspace_key_type.product_id)) AS t);
COMMENT ON FUNCTION workspace_key_type(regclass, name, name) IS
	'internal: the type under which baskets and products are counted';

CREATE FUNCTION crm_attach_products(products regclass, basket_id name, product_id name, customer_id name DEFAULT NULL,
	how_many integer DEFAULT 5, min_count integer DEFAULT 1, workspace name DEFAULT 'crm')
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	key_type text;
	was text;
BEGIN
	IF how_many IS NULL OR min_count IS NULL THEN
		RAISE EXCEPTION 'how_many and min_count must not be null' USING ERRCODE = 'null_value_not_allowed';
	ELSIF how_many NOT BETWEEN 1 AND 1000 THEN
		RAISE EXCEPTION 'how_many must be between 1 and 1000, not %', how_many USING ERRCODE = 'invalid_parameter_value',
			HINT = 'So many products are proposed to each customer.';
	ELSIF min_count < 1 THEN
		RAISE EXCEPTION 'min_count must be at least 1, not %', min_count USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Products that fewer baskets hold together are not in affinity.';
	END IF;
	EXECUTE format('SELECT %1$s.workspace_open($1), %1$s.workspace_modernise($1)', crm) USING workspace;
	EXECUTE format('SELECT %s.workspace_key_type($1, $2, $3)', crm) INTO key_type USING products, basket_id, product_id;
	EXECUTE format('SELECT a.options ->> ''key_type'' FROM %I.workspace_attachment a WHERE a.kind = ''products''', workspace) INTO was;
	IF was <> key_type THEN    -- columns of a view cannot change their type
		EXECUTE format('SELECT %s.workspace_drop_attachment($1, ''products'')', crm) USING workspace;
	END IF;
	EXECUTE format('SELECT %s.workspace_attach($1, ''products'', $2, $3, $4)', crm)
		USING workspace, products, jsonb_build_object('basket_id', basket_id, 'product_id', product_id, 'customer_id', customer_id),
			jsonb_build_object('how_many', how_many, 'min_count', min_count, 'key_type', key_type);
END
$$;
COMMENT ON FUNCTION crm_attach_products(regclass, name, name, name, integer, integer, name) IS
	'attaches lines of baskets to a workspace: a row per product in a basket (an order) and, if named, whose it is; how_many: products proposed to each customer; min_count: least baskets that hold two products together; adds the views affinity, best_pairs, next_products and best_offers; again: replaces what was attached; only the workspace''s owner';
