-- workspace/events.sql - the way from first hearing of a shop to buying there, step by step.

CREATE FUNCTION workspace_event_views(OUT "position" integer, OUT name name, OUT query text, OUT comment text, OUT columns text, OUT row_type name)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
	BEGIN ATOMIC
	SELECT v.position, v.name::name, v.query, v.comment, v.columns, v.row_type::name
	FROM (VALUES
(1, 'funnel', $query$
WITH option AS (
	SELECT ARRAY(SELECT jsonb_array_elements_text(a.options -> 'steps')) AS steps, (a.options ->> 'event_window')::interval AS event_window
	FROM %2$s.workspace_attachment AS a WHERE a.kind = 'events'),
depth AS (
	SELECT r.customer_id, %1$s.funnel_agg((SELECT o.event_window FROM option AS o), r.at, array_position((SELECT o.steps FROM option AS o), r.step)) AS depth
	FROM %2$s.attached_events AS r GROUP BY r.customer_id),
came AS (
	SELECT r.customer_id, min(r.channel) AS channel
	FROM %2$s.attached_events AS r
		JOIN (SELECT e.customer_id, min(e.at) AS at FROM %2$s.attached_events AS e WHERE e.channel IS NOT NULL GROUP BY e.customer_id) AS f
			ON f.customer_id %3$s r.customer_id AND f.at = r.at
	GROUP BY r.customer_id),
reached AS (
	SELECT c.channel, n.step, count(*) FILTER (WHERE d.depth >= n.step) AS leads
	FROM depth AS d LEFT JOIN came AS c ON c.customer_id %3$s d.customer_id,
		(SELECT generate_subscripts(o.steps, 1) AS step FROM option AS o) AS n
	GROUP BY c.channel, n.step)
SELECT r.channel,
	r.step,
	(SELECT o.steps[r.step] FROM option AS o) AS step_name,
	r.leads,
	r.leads::double precision / nullif(first_value(r.leads) OVER w, 0) AS conversion_rate,
	r.leads::double precision / nullif(lag(r.leads) OVER w, 0) AS step_rate
FROM reached AS r
WINDOW w AS (PARTITION BY r.channel ORDER BY r.step)
ORDER BY r.channel, r.step
$query$, 'how many leads of each channel got how far in the attached events, in order and within the window', $columns$
channel: channel of the lead's earliest event that names one; NULL: none does
step: number of the step
step_name: its name
leads: leads who reached it
conversion_rate: of those who reached the first step, a fraction
step_rate: of those who reached the step before, a fraction
$columns$, NULL)
	) AS v(position, name, query, comment, columns, row_type);
	END;
COMMENT ON FUNCTION workspace_event_views() IS
	'internal: the views of attached events as templates, with their comments';

CREATE FUNCTION crm_attach_events(events regclass, customer_id name, at name, step name, channel name DEFAULT NULL,
	steps text[] DEFAULT '{awareness,consideration,decision}', event_window interval DEFAULT '30 days', workspace name DEFAULT 'crm')
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
BEGIN
	IF steps IS NULL OR event_window IS NULL THEN
		RAISE EXCEPTION 'steps and event_window must not be null' USING ERRCODE = 'null_value_not_allowed';
	ELSIF cardinality(steps) NOT BETWEEN 1 AND 32 OR array_ndims(steps) > 1 OR array_lower(steps, 1) <> 1 OR array_position(steps, NULL) IS NOT NULL
		OR cardinality(steps) > (SELECT count(DISTINCT s) FROM unnest(steps) AS s) THEN
		RAISE EXCEPTION 'steps must be 1 to 32 different names, not %', steps USING ERRCODE = 'invalid_parameter_value',
			HINT = 'They are the values of the step column, in order: {awareness,consideration,decision}.';
	END IF;
	-- refuses a window that it cannot take
	EXECUTE format('SELECT %s.funnel_agg($1, timestamptz ''2000-01-01 00:00+00'', 1)', crm) USING event_window;
	EXECUTE format('SELECT %s.workspace_attach($1, ''events'', $2, $3, $4)', crm)
		USING workspace, events, jsonb_build_object('customer_id', customer_id, 'at', at, 'step', step, 'channel', channel),
			jsonb_build_object('steps', steps, 'event_window', event_window);
END
$$;
COMMENT ON FUNCTION crm_attach_events(regclass, name, name, name, name, text[], interval, name) IS
	'attaches events of leads to a workspace: a row per event with the step of the way to a purchase that it is; steps: their names in order; event_window: time from the first step in which the others count (funnel_agg); adds the view funnel; again: replaces what was attached; only the workspace''s owner';
