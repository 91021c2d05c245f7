/*
 * chart.sql - charts as inline SVG, from a few parts that fit together.
 *
 * A chart is as wide as where it stands: x is in percent of the width, y in pixels, so that
 * text keeps its size on a telephone and on paper. Lines are drawn in an inner image of 100
 * by the height, stretched to the width, with strokes that are not. Every part gives markup
 * for chart(), which puts title and description around it. Text comes in plain and is
 * escaped here. Classes: a and b are the two colours, c is muted; see report_style().
 */

-- Coordinates with two decimals: half of what a page weighs is coordinates.
CREATE FUNCTION chart_coordinate(value double precision) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN trim_scale(round(value::numeric, 2))::text;
COMMENT ON FUNCTION chart_coordinate(double precision) IS
	'internal: a coordinate rounded to two decimals, without trailing zeros';

-- The value's place between low, at the bottom, and high, at the top.
CREATE FUNCTION chart_y(value double precision, low double precision, high double precision, top double precision,
	height double precision) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN top + height * (high - value) / coalesce(nullif(high - low, 0), 1);
COMMENT ON FUNCTION chart_y(double precision, double precision, double precision, double precision, double precision) IS
	'internal: pixels from the top for a value';

-- Multiples of 1, 2 or 5 times a power of ten, from at or below low to at or above high.
CREATE FUNCTION chart_ticks(low double precision, high double precision, wanted integer) RETURNS double precision[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (
		SELECT array_agg((t.n * s.step)::double precision ORDER BY t.n)
		FROM (SELECT CASE WHEN r.span <= 1 * r.unit THEN 1 WHEN r.span <= 2 * r.unit THEN 2 WHEN r.span <= 5 * r.unit THEN 5 ELSE 10 END * r.unit AS step
			FROM (SELECT q.span, power(10::numeric, floor(log(q.span))) AS unit
				FROM (SELECT coalesce(nullif(chart_ticks.high - chart_ticks.low, 0), 1)::numeric / chart_ticks.wanted AS span) AS q) AS r) AS s,
			generate_series(floor(chart_ticks.low::numeric / s.step), ceil(greatest(chart_ticks.high::numeric, chart_ticks.low::numeric + s.step / 2) / s.step)) AS t(n));
COMMENT ON FUNCTION chart_ticks(double precision, double precision, integer) IS
	'internal: about so many round values that enclose low to high';

CREATE FUNCTION chart(id text, title text, description text, height double precision, body text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format('<svg class="chart" role="img" aria-labelledby="%1$s-t %1$s-d" width="100%%" height="%2$s"><title id="%1$s-t">%3$s</title><desc id="%1$s-d">%4$s</desc>%5$s</svg>',
		id, chart_coordinate(height), report_escape(title), report_escape(description), body);
COMMENT ON FUNCTION chart(text, text, text, double precision, text) IS
	'internal: a chart with its title and description for who does not see it';

-- Lines across at the ticks, each with its label above it on the left.
CREATE FUNCTION chart_grid(ticks double precision[], labels text[], top double precision, height double precision) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (
		SELECT '<g class="grid">' || string_agg(format('<line x1="0" x2="100%%" y1="%1$s" y2="%1$s"%2$s/><text x="0" y="%3$s">%4$s</text>',
				chart_coordinate(p.y), CASE WHEN p.tick = 0 THEN ' class="zero"' ELSE '' END,
				chart_coordinate(p.y - 4), report_escape(coalesce(p.label, ''))), '' ORDER BY p.n) || '</g>'
		FROM (SELECT t.n, t.tick, t.label, chart_y(t.tick, chart_grid.ticks[1], chart_grid.ticks[cardinality(chart_grid.ticks)], chart_grid.top, chart_grid.height) AS y
			FROM unnest(chart_grid.ticks, chart_grid.labels) WITH ORDINALITY AS t(tick, label, n)) AS p);
COMMENT ON FUNCTION chart_grid(double precision[], text[], double precision, double precision) IS
	'internal: the axis of values; the first tick is the bottom, the last the top';

-- Makes room on the left for the labels of chart_grid: percents inside are of the rest.
CREATE FUNCTION chart_inset(body text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN '<svg x="9%" width="91%" overflow="visible">' || body || '</svg>';
COMMENT ON FUNCTION chart_inset(text) IS
	'internal: parts of a chart, right of the labels of the axis of values';

-- One label under each band; a NULL leaves the band without. The outermost stay inside.
CREATE FUNCTION chart_bands(labels text[], y double precision) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (
		SELECT coalesce('<g class="bands">' || string_agg(format('<text x="%s%%" y="%s"%s>%s</text>',
				chart_coordinate(CASE l.edge WHEN 'first' THEN 0 WHEN 'last' THEN 100 ELSE (l.n - 0.5) * 100 / l.bands END), chart_coordinate(chart_bands.y),
				coalesce(' class="' || l.edge || '"', ''), report_escape(l.label)), '' ORDER BY l.n) || '</g>', '')
		FROM (SELECT u.label, u.n, cardinality(chart_bands.labels) AS bands, 
				CASE WHEN cardinality(chart_bands.labels) <= 12 THEN NULL WHEN u.n = 1 THEN 'first' WHEN u.n = cardinality(chart_bands.labels) THEN 'last' END AS edge
			FROM unnest(chart_bands.labels) WITH ORDINALITY AS u(label, n)) AS l
		WHERE l.label IS NOT NULL);
COMMENT ON FUNCTION chart_bands(text[], double precision) IS
	'internal: the axis of bands, as many as labels, NULL for none';

-- A line through the middles of the bands. It breaks at a NULL and is dashed where it leads
-- to a band that is not complete. Each point has a title with its figure.
CREATE FUNCTION chart_line("values" double precision[], complete boolean[], titles text[], low double precision, high double precision,
	top double precision, height double precision, class text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (
		SELECT format('<svg x="0" y="%s" width="100%%" height="%s" viewBox="0 0 100 %2$s" preserveAspectRatio="none">', chart_coordinate(chart_line.top), chart_coordinate(chart_line.height))
			|| coalesce('<path class="line ' || chart_line.class || '" d="'
				|| string_agg(CASE WHEN p.before_y IS NOT NULL AND p.complete THEN 'L' ELSE 'M' END || p.x || ' ' || p.y, '' ORDER BY p.n) || '"/>', '')
			|| coalesce('<path class="line dashed ' || chart_line.class || '" d="'
				|| string_agg('M' || p.before_x || ' ' || p.before_y || 'L' || p.x || ' ' || p.y, '' ORDER BY p.n) FILTER (WHERE NOT p.complete) || '"/>', '')
			|| '</svg>'
			|| coalesce(string_agg(format('<circle class="point %s%s" cx="%s%%" cy="%s" r="2.5"><title>%s</title></circle>',
				chart_line.class, CASE WHEN p.complete THEN '' ELSE ' open' END, p.x,
				chart_coordinate(p.y::double precision + chart_line.top), report_escape(coalesce(p.title, ''))), '' ORDER BY p.n), '')
		FROM (SELECT q.n, q.complete, q.title, q.x, q.y,
				lag(q.x) OVER (ORDER BY q.n) AS before_x, lag(q.y) OVER (ORDER BY q.n) AS before_y
			FROM (SELECT u.n, coalesce(u.complete, true) AS complete, u.title,
					chart_coordinate((u.n - 0.5) * 100 / cardinality(chart_line.values)) AS x,
					chart_coordinate(chart_y(u.value, chart_line.low, chart_line.high, 0::double precision, chart_line.height)) AS y
				FROM unnest(chart_line.values, chart_line.complete, chart_line.titles) WITH ORDINALITY AS u(value, complete, title, n)) AS q) AS p
		WHERE p.y IS NOT NULL);
COMMENT ON FUNCTION chart_line(double precision[], boolean[], text[], double precision, double precision, double precision, double precision, text) IS
	'internal: a line over bands, dashed towards what is not complete, broken where there is no value';

-- A line through given points, both axes from 0 to the given ends.
CREATE FUNCTION chart_curve(xs double precision[], ys double precision[], x_end double precision, y_end double precision,
	top double precision, height double precision, class text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (
		SELECT format('<svg x="0" y="%s" width="100%%" height="%s" viewBox="0 0 100 %2$s" preserveAspectRatio="none"><path class="line %s" d="M%s"/></svg>',
			chart_coordinate(chart_curve.top), chart_coordinate(chart_curve.height), chart_curve.class,
			string_agg(chart_coordinate(100 * u.x / chart_curve.x_end) || ' '
				|| chart_coordinate(chart_y(u.y, 0::double precision, chart_curve.y_end, 0::double precision, chart_curve.height)), 'L' ORDER BY u.n))
		FROM unnest(chart_curve.xs, chart_curve.ys) WITH ORDINALITY AS u(x, y, n)
		WHERE u.x IS NOT NULL AND u.y IS NOT NULL);
COMMENT ON FUNCTION chart_curve(double precision[], double precision[], double precision, double precision, double precision, double precision, text) IS
	'internal: a line through points, from 0 to the ends of both axes';

-- Columns over bands; several series stand side by side, the slot-th of so many. From from_values
-- up or down: NULL means from 0; given, they are stacked on what is there.
CREATE FUNCTION chart_columns("values" double precision[], from_values double precision[], titles text[], low double precision, high double precision,
	top double precision, height double precision, class text, slot integer DEFAULT 1, slots integer DEFAULT 1) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN (
		SELECT '<g class="columns ' || chart_columns.class || '">' || coalesce(string_agg(format('<rect x="%s%%" y="%s" width="%s%%" height="%s"><title>%s</title></rect>',
				chart_coordinate(((p.n - 1) + 0.12 + 0.76 * (chart_columns.slot - 1) / chart_columns.slots) * p.band), chart_coordinate(least(p.y0, p.y1)),
				chart_coordinate(p.band * 0.76 / chart_columns.slots), chart_coordinate(abs(p.y1 - p.y0)), report_escape(coalesce(p.title, ''))), '' ORDER BY p.n), '') || '</g>'
		FROM (SELECT u.n, u.title, 100.0::double precision / cardinality(chart_columns.values) AS band,
				chart_y(coalesce(u.base, 0), chart_columns.low, chart_columns.high, chart_columns.top, chart_columns.height) AS y0,
				chart_y(coalesce(u.base, 0) + u.value, chart_columns.low, chart_columns.high, chart_columns.top, chart_columns.height) AS y1
			FROM unnest(chart_columns.values, chart_columns.from_values, chart_columns.titles) WITH ORDINALITY AS u(value, base, title, n)) AS p
		WHERE p.y1 IS NOT NULL);
COMMENT ON FUNCTION chart_columns(double precision[], double precision[], text[], double precision, double precision, double precision, double precision, text, integer, integer) IS
	'internal: columns over bands, side by side by slot, or stacked on from_values';

-- Bars that lie, a row each: label and figure above the bar.
CREATE FUNCTION chart_bars(labels text[], figures text[], "values" double precision[], classes text[], full_width double precision DEFAULT NULL)
	RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN (
		SELECT '<g class="bars">' || string_agg(format('<text x="0" y="%1$s">%2$s</text><text x="100%%" y="%1$s" class="figure">%3$s</text><rect class="back" x="0" y="%4$s" width="100%%" height="9"/><rect class="%5$s" x="0" y="%4$s" width="%6$s%%" height="9"/>',
				(u.n - 1) * 38 + 14, report_escape(coalesce(u.label, '')), report_escape(coalesce(u.figure, '')), (u.n - 1) * 38 + 20, u.class,
				chart_coordinate(coalesce(least(greatest(u.value, 0) * 100 / nullif(u.most, 0), 100), 0))), '' ORDER BY u.n) || '</g>'
		FROM (SELECT v.*, coalesce(chart_bars.full_width, max(v.value) OVER ()) AS most
			FROM unnest(chart_bars.labels, chart_bars.figures, chart_bars.values, chart_bars.classes) WITH ORDINALITY AS v(label, figure, value, class, n)) AS u);
COMMENT ON FUNCTION chart_bars(text[], text[], double precision[], text[], double precision) IS
	'internal: horizontal bars, 38 pixels a row; full_width is the value as wide as the chart, NULL: the largest';

-- Cells of a grid; weight from 0 to 1 is how dark. Rows count from the top. Below
-- its text a cell may have a note, whose first line shows everywhere, the others on wide pages.
CREATE FUNCTION chart_heat(at_row integer[], at_column integer[], weights double precision[], texts text[], notes text[], titles text[], open boolean[],
	columns integer, row_height double precision, head_percent double precision, top double precision) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (
		SELECT '<g class="heat">' || coalesce(string_agg(format('<g><rect%s x="%s%%" y="%s" width="%s%%" height="%s" fill-opacity="%s"><title>%s</title></rect><text x="%s%%" y="%s">%s</text>%s</g>',
				CASE WHEN p.open THEN ' class="open"' ELSE '' END,
				chart_coordinate(p.x), chart_coordinate(p.y), chart_coordinate(p.width), chart_coordinate(chart_heat.row_height - 1),
				chart_coordinate(0.06 + 0.94 * p.weight), report_escape(coalesce(p.title, '')),
				chart_coordinate(p.x + p.width / 2), chart_coordinate(p.y + chart_heat.row_height / 2 + CASE WHEN p.note IS NULL THEN 4 ELSE -14 END), report_escape(coalesce(p.text, '')),
				coalesce((SELECT format('<text y="%s" class="note">%s</text>', chart_coordinate(p.y + chart_heat.row_height / 2 - 8),
						string_agg(format('<tspan x="%s%%" dy="14"%s>%s</tspan>', chart_coordinate(p.x + p.width / 2),
							CASE WHEN l.n > 1 THEN ' class="wide-only"' ELSE '' END, report_escape(l.line)), '' ORDER BY l.n))
					FROM regexp_split_to_table(p.note, '\n') WITH ORDINALITY AS l(line, n)), '')),
				'' ORDER BY p.n), '') || '</g>'
		FROM (SELECT u.n, u.text, u.note, u.title, u.open, least(greatest(coalesce(u.weight, 0), 0), 1) AS weight,
				(100 - chart_heat.head_percent) / chart_heat.columns - 0.25 AS width,
				chart_heat.head_percent + (u.col - 1) * (100 - chart_heat.head_percent) / chart_heat.columns AS x,
				chart_heat.top + (u.row - 1) * chart_heat.row_height AS y
			FROM unnest(chart_heat.at_row, chart_heat.at_column, chart_heat.weights, chart_heat.texts, chart_heat.notes, chart_heat.titles, chart_heat.open)
				WITH ORDINALITY AS u("row", col, weight, text, note, title, open, n)) AS p);
COMMENT ON FUNCTION chart_heat(integer[], integer[], double precision[], text[], text[], text[], boolean[], integer, double precision, double precision, double precision) IS
	'internal: a heat map; at_row and at_column are each cell''s place; open cells are outlined';

CREATE FUNCTION chart_text(labels text[], x double precision[], y double precision[], class text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (
		SELECT coalesce(string_agg(format('<text x="%s%%" y="%s" class="%s">%s</text>', chart_coordinate(u.x), chart_coordinate(u.y),
			chart_text.class, report_escape(u.label)), '' ORDER BY u.n), '')
		FROM unnest(chart_text.labels, chart_text.x, chart_text.y) WITH ORDINALITY AS u(label, x, y, n)
		WHERE u.label IS NOT NULL);
COMMENT ON FUNCTION chart_text(text[], double precision[], double precision[], text) IS
	'internal: text at given places, x in percent, y in pixels';
