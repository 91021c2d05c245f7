/*
 * report/text.sql - values as text of a page: escaped, numbers in one style.
 *
 * What comes from a view is escaped where it is put into the page, by the function that
 * writes the tag around it; functions that make text of numbers make plain text. Separators
 * are those of lc_numeric, so to_char decides; in the C locale 1,234.5.
 */

CREATE FUNCTION report_escape(value text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN replace(replace(replace(replace(replace(value,
		'&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;');
COMMENT ON FUNCTION report_escape(text) IS
	'internal: text that a page shows as it is, between tags and in quoted attributes';

CREATE FUNCTION report_number(value numeric, decimals integer) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE
		WHEN abs(value) >= 1e15 THEN round(value)::text
		ELSE to_char(round(value, decimals), 'FM999G999G999G999G990'
			|| CASE WHEN decimals > 0 THEN 'D' || repeat('0', decimals) ELSE '' END) END;
COMMENT ON FUNCTION report_number(numeric, integer) IS
	'internal: a number rounded to so many decimals, with the separators of lc_numeric';

CREATE FUNCTION report_short(value numeric) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE
		WHEN abs(value) >= 10000000 THEN report_number(value / 1000000, 0) || 'M'
		WHEN abs(value) >= 1000000 THEN report_number(value / 1000000, 1) || 'M'
		WHEN abs(value) >= 10000 THEN report_number(value / 1000, 0) || 'k'
		ELSE report_number(value, 0) END;
COMMENT ON FUNCTION report_short(numeric) IS
	'internal: a round number for an axis: 12k, 1.5M';

CREATE FUNCTION report_count(value bigint) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN report_number(value::numeric, 0);
COMMENT ON FUNCTION report_count(bigint) IS
	'internal: a whole number with the separators of lc_numeric';

CREATE FUNCTION report_percent(value double precision) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN report_number(value::numeric, 1) || ' %';
COMMENT ON FUNCTION report_percent(double precision) IS
	'internal: percent with one decimal';

-- Three letters are a code and stand behind the figure, anything else is a symbol before it.
-- Small sums keep their cents.
CREATE FUNCTION report_money(value numeric, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN CASE WHEN currency ~ '^[A-Za-z]{3}$' OR coalesce(currency, '') = '' THEN '' ELSE currency END
		|| report_number(value, CASE WHEN abs(value) < 100 AND value <> round(value) THEN 2 ELSE 0 END)
		|| CASE WHEN currency ~ '^[A-Za-z]{3}$' THEN ' ' || currency ELSE '' END;
COMMENT ON FUNCTION report_money(numeric, text) IS
	'internal: money in whole units, below 100 with cents; a code of three letters stands behind, a symbol before';

CREATE FUNCTION report_month(on_date date) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN to_char(on_date, 'Mon YYYY');
COMMENT ON FUNCTION report_month(date) IS
	'internal: month and year';

CREATE FUNCTION report_months(first date, last date) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN first = last THEN '' ELSE report_month(first) || ' to ' END || report_month(last);
COMMENT ON FUNCTION report_months(date, date) IS
	'internal: the first and the last of some months';

CREATE FUNCTION report_day(on_date date) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN to_char(on_date, 'FMDD Mon YYYY');
COMMENT ON FUNCTION report_day(date) IS
	'internal: a date that no reader takes for another';

-- A figure that a program can read as well: the value unrounded beside the text.
CREATE FUNCTION report_figure(value numeric, shown text, name text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN value IS NULL OR shown IS NULL THEN '<data value="" data-name="' || report_escape(name) || '">&ndash;</data>'
		ELSE format('<data value="%s" data-name="%s">%s</data>', value, report_escape(name), report_escape(shown)) END;
COMMENT ON FUNCTION report_figure(numeric, text, text) IS
	'internal: a figure as data element, view.column its name; a dash where there is none';

CREATE FUNCTION report_row(kinds text, cells text[]) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT '<tr role="row">' || string_agg(
			CASE WHEN c.n = 1 THEN '<th scope="row" role="rowheader">' || coalesce(report_escape(c.cell), '&ndash;') || '</th>'
				ELSE CASE substr(report_row.kinds, c.n::integer, 1) WHEN 'l' THEN '<td role="cell" class="l">' ELSE '<td role="cell">' END
					|| coalesce(report_escape(c.cell), '&ndash;') || '</td>' END, '' ORDER BY c.n) || '</tr>'
		FROM unnest(report_row.cells) WITH ORDINALITY AS c(cell, n));
COMMENT ON FUNCTION report_row(text, text[]) IS
	'internal: a row of a table, the first cell its heading; kinds has a letter per column: l is text, n a number, m money without its unit';

-- Where there is no room for the columns, the style lays each row out as a card: the headings are
-- there as properties too, for its cells to show, and the roles keep it a table for a screen reader.
CREATE FUNCTION report_table(view text, kinds text, headings text[], "rows" text, currency text DEFAULT NULL) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN (SELECT format('<div class="scroll" tabindex="0" role="region" aria-label="Table: %1$s"><table role="table" class="%2$s" data-view="%1$s" style="%3$s"><thead role="rowgroup"><tr role="row">%4$s</tr></thead><tbody role="rowgroup">%5$s</tbody></table></div>',
			report_escape(report_table.view),
			CASE WHEN count(*) <= 3 THEN 'few' WHEN count(*) <= 6 THEN 'some' ELSE 'many' END,
			string_agg(format('--h%s:%s', h.n, report_escape('"' || regexp_replace(regexp_replace(h.heading, '["\\]', '\\\&', 'g'), '[[:cntrl:]]', ' ', 'g') || '"')),
				';' ORDER BY h.n) FILTER (WHERE h.n > 1),
			string_agg(CASE WHEN substr(report_table.kinds, h.n::integer, 1) = 'l' OR h.n = 1 THEN '<th scope="col" role="columnheader" class="l">'
				ELSE '<th scope="col" role="columnheader">' END || report_escape(h.heading) || '</th>', '' ORDER BY h.n),
			report_table.rows)
		FROM (SELECT u.n, u.heading || CASE WHEN substr(report_table.kinds, u.n::integer, 1) = 'm' THEN coalesce(' (' || nullif(report_table.currency, '') || ')', '') ELSE '' END AS heading
			FROM unnest(report_table.headings) WITH ORDINALITY AS u(heading, n)) AS h);
COMMENT ON FUNCTION report_table(text, text, text[], text, text) IS
	'internal: a table of rows that report_row made; view is where the figures come from; the headings of money name the currency';

CREATE FUNCTION report_folded(title text, content text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN '<details><summary>' || report_escape(title) || '</summary>' || content || '</details>';
COMMENT ON FUNCTION report_folded(text, text) IS
	'internal: what is shown on demand, without a script';

-- What a section is made of: heading, what it says in a sentence, figures, definitions.
CREATE FUNCTION report_section(id text, title text, says text, content text, definition text, wide boolean) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN format('<section id="%1$s"%2$s aria-labelledby="%1$s-h"><h2 id="%1$s-h">%3$s</h2>%4$s%5$s%6$s</section>',
		id, CASE WHEN wide THEN ' class="wide"' ELSE '' END, report_escape(title),
		coalesce('<p class="says">' || says || '</p>', ''), content,
		coalesce('<p class="small">' || definition || '</p>', ''));
COMMENT ON FUNCTION report_section(text, text, text, text, text, boolean) IS
	'internal: a section of the page; says, content and definition are markup';

CREATE FUNCTION report_legend(classes text[], labels text[]) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT '<ul class="legend">' || string_agg(format('<li><span class="key %s"></span>%s</li>', k.class, report_escape(k.label)), '' ORDER BY k.n) || '</ul>'
		FROM unnest(report_legend.classes, report_legend.labels) WITH ORDINALITY AS k(class, label, n));
COMMENT ON FUNCTION report_legend(text[], text[]) IS
	'internal: what the colours of a chart mean';
