/*
 * report/page.sql - the page around the sections: its style, its head, its foot.
 *
 * The policy in the head forbids every request and every script, whatever the data may hold.
 */

CREATE FUNCTION report_style() RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN $css$
:root{color-scheme:light dark;--bg:#fff;--card:#f6f7f8;--ink:#18212c;--soft:#566273;--line:#dde1e6;--a:#1d5fa6;--b:#c04e12;--c:#98a3b0;--heat:#6ea0d6;--back:#e6eaee}
@media (prefers-color-scheme:dark){:root{--bg:#12161b;--card:#1a2027;--ink:#e8ebef;--soft:#a3aebc;--line:#2e3640;--a:#6aa9ec;--b:#f0925a;--c:#6c7885;--heat:#35608f;--back:#262e37}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 16px}
header{padding-top:32px;padding-bottom:8px}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:1.25rem;line-height:1.3;margin:0 0 4px}
h3{font-size:.9rem;margin:0;font-weight:600}
p{margin:0 0 10px}
nav{grid-column:1/-1}nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:4px 16px;font-size:.86rem}
a{color:var(--a);text-decoration-color:var(--c);text-underline-offset:3px}
header p,.small{color:var(--soft);font-size:.84rem}
.small{margin:10px 0 0}
main{display:grid;grid-template-columns:minmax(0,1fr);gap:20px;padding-top:12px;padding-bottom:24px}
section{scroll-margin-top:12px;min-width:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px}
#figures{background:none;border:0;padding:0}
#figures h2{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.says{font-size:1.02rem;max-width:44em;margin-bottom:14px}
.missing{color:var(--soft)}
.tiles{grid-auto-flow:dense;list-style:none;margin:0;padding:0;display:grid;gap:12px;grid-template-columns:repeat(2,minmax(0,1fr))}
.tiles li{container-type:inline-size;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tiles h3{color:var(--soft);font-weight:500;font-size:.88rem}
.tiles .big{font-size:1.3rem;font-size:clamp(1rem,11.5cqi,1.7rem);line-height:1.25;font-weight:650;margin:2px 0;letter-spacing:-.01em}
.tiles .small{margin:0}
.meter{display:block;margin:4px 0 6px}
.meter line{stroke:var(--ink);stroke-width:2}
.back{fill:var(--back)}
.two{display:grid;grid-template-columns:minmax(0,1fr);gap:20px}
.two .small+h3{margin:16px 0 8px}
.chart{display:block;overflow:visible}
.chart text{font-size:12px;fill:var(--soft);text-anchor:middle}
.grid line{stroke:var(--line)}
.grid .zero{stroke:var(--c)}
.chart .grid text,.chart .left,.chart .first,.bars text{text-anchor:start}
.chart .bars text{font-size:13px;fill:var(--ink);text-anchor:start}
.chart .bars .figure,.chart .right,.chart .last{text-anchor:end;fill:var(--soft)}
.chart .map:first-of-type{text-anchor:start}
.chart .map:last-of-type{text-anchor:end}
.line{fill:none;stroke-width:2.25;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
.dashed{stroke-dasharray:1 5}
.line.a,.point.a{stroke:var(--a)}.line.b,.point.b{stroke:var(--b)}.line.c{stroke:var(--c);stroke-width:1.25}
.line.c{stroke-dasharray:4 4}
.point{fill:var(--bg);stroke-width:1.5}
.a{fill:var(--a)}.b{fill:var(--b)}.c{fill:var(--c)}.point.a,.point.b{fill:var(--card)}.line.a,.line.b,.line.c{fill:none}
.columns.b rect{fill-opacity:.85}
.columns.open rect{fill-opacity:.4}
.heat rect{fill:var(--heat)}
.heat .open{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}
.chart .heat text{font-size:11px;fill:var(--ink)}
.chart .heat .note{font-size:11px}
#segments .heat text:not(.note){font-size:15px;font-weight:600}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 8px;padding:0;font-size:.86rem;color:var(--soft)}
.key{display:inline-block;width:18px;height:4px;border-radius:2px;margin-right:7px;vertical-align:middle}
.key.a{background:var(--a)}.key.b{background:var(--b)}.key.c{background:var(--c)}
.key.pale{background:var(--soft);opacity:.4}
.key.dashed{background:repeating-linear-gradient(90deg,var(--soft) 0 3px,transparent 3px 7px)}
.segments{margin:0;padding:0 0 0 22px;display:grid;gap:10px 26px;grid-template-columns:minmax(0,1fr)}
.segments li::marker{color:var(--soft);font-size:.9rem}
.segments p{margin:0;font-size:.86rem;color:var(--soft)}
.segments .action{color:var(--ink)}
section>h3,details+h3{margin-top:16px}
details{margin-top:12px;border-top:1px solid var(--line);padding-top:8px}
summary{cursor:pointer;color:var(--soft);font-size:.88rem}
summary:hover{color:var(--ink)}
:focus-visible{outline:2px solid var(--a);outline-offset:2px}
.scroll{container-type:inline-size;overflow-x:auto;margin-top:8px}
table{border-collapse:collapse;width:100%;font-size:.86rem;overflow-wrap:normal}
th,td{padding:5px 8px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{font-weight:500}
.some th,.some td{padding:5px}
tr>:first-child{padding-left:0!important}tr>:last-child{padding-right:0!important}
thead th{color:var(--soft);vertical-align:bottom;white-space:normal}
tbody th,.l{text-align:left}
tbody th,td.l{white-space:normal;overflow-wrap:break-word;max-width:max(8em,28cqi)}
td:nth-child(2){--h:var(--h2)}td:nth-child(3){--h:var(--h3)}td:nth-child(4){--h:var(--h4)}td:nth-child(5){--h:var(--h5)}td:nth-child(6){--h:var(--h6)}td:nth-child(7){--h:var(--h7)}td:nth-child(8){--h:var(--h8)}
td:nth-child(9){--h:var(--h9)}td:nth-child(10){--h:var(--h10)}td:nth-child(11){--h:var(--h11)}td:nth-child(12){--h:var(--h12)}td:nth-child(13){--h:var(--h13)}td:nth-child(14){--h:var(--h14)}
@container (max-width:446px){
.some,.some tbody{display:block}
.some thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.some tbody tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(128px,100%),1fr));gap:0 18px;padding:7px 0;border-bottom:1px solid var(--line)}
.some tbody th,.some td.l{grid-column:1/-1;max-width:none;overflow-wrap:anywhere}.some tbody th{padding:0;border:0;font-weight:600}
.some td{display:flex;justify-content:space-between;gap:10px;padding:1px 0;border:0;text-align:right;white-space:normal}
.some td::before{content:var(--h);color:var(--soft);text-align:left}@supports (content:"a"/""){.some td::before{content:var(--h)/""}}
}
@container (max-width:800px){
.many,.many tbody{display:block}
.many thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.many tbody tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(128px,100%),1fr));gap:0 18px;padding:7px 0;border-bottom:1px solid var(--line)}
.many tbody th,.many td.l{grid-column:1/-1;max-width:none;overflow-wrap:anywhere}.many tbody th{padding:0;border:0;font-weight:600}
.many td{display:flex;justify-content:space-between;gap:10px;padding:1px 0;border:0;text-align:right;white-space:normal}
.many td::before{content:var(--h);color:var(--soft);text-align:left}@supports (content:"a"/""){.many td::before{content:var(--h)/""}}
}
footer{color:var(--soft);font-size:.84rem;padding-bottom:40px}
.tiles .span{grid-column:span 2}
@media (max-width:719px){.tiles .span .big{font-size:1.3rem}.tiles li{padding:10px 12px}.chart .wide-only{display:none}section{padding:14px 12px}.chart .heat text{font-size:9.5px}#cohorts .chart .axis:not(.left):not(.right){font-size:8.5px}h1{font-size:1.5rem}}
@media (min-width:900px){.tiles{grid-template-columns:repeat(4,minmax(0,1fr))}main{grid-template-columns:repeat(2,minmax(0,1fr))}.wide{grid-column:1/-1}.two{grid-template-columns:repeat(2,minmax(0,1fr));gap:32px}#segments .two>div{align-self:start;position:sticky;top:12px}}
@media print{nav{display:none}:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--a:#1d5fa6;--b:#c04e12;--c:#98a3b0;--heat:#6ea0d6;--back:#e6eaee}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}body{font-size:12px}section,.tiles li,tr{break-inside:avoid}details:not([open]){display:none}section{padding:10px 0;border:0;border-top:1px solid var(--line);border-radius:0}
main{display:block}section{margin-bottom:14px}.tiles{grid-template-columns:repeat(4,1fr)}.two{grid-template-columns:1fr 1fr}.tiles .big{font-size:1.3rem}.scroll{overflow:visible}}
$css$;
COMMENT ON FUNCTION report_style() IS
	'internal: the style of the page: light, dark, narrow, printed';

CREATE FUNCTION report_foot(data jsonb) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN coalesce((SELECT '<p>' || concat_ws(' ',
				report_count(s.rows_seen) || ' rows read' || CASE WHEN s.rows_without_customer + s.rows_without_time > 0 THEN
					format('; left out: %s without a customer, %s without a time.', report_count(s.rows_without_customer), report_count(s.rows_without_time)) ELSE '.' END,
				CASE WHEN s.changes_waiting > 0 THEN 'Changes since then wait for the next refresh.' END,
				CASE WHEN s.amount IS NULL THEN 'The workspace has no amounts: money is not shown.' END) || '</p>'
			FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'status') WHEN 'array' THEN data -> 'status' ELSE '[]' END)
				AS s(rows_seen bigint, rows_without_customer bigint, rows_without_time bigint, changes_waiting bigint, amount text)), '')
		|| coalesce((SELECT '<p>Models: ' || string_agg(format('%s %s, fitted on %s customers%s', m.model, report_escape(m.family), report_count(m.customers),
				CASE WHEN m.converged THEN '' ELSE ' (not reliable: ' || report_escape(coalesce(m.reason, 'the fit did not converge')) || ')' END), '; ' ORDER BY m.model) || '.</p>'
			FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'models') WHEN 'array' THEN data -> 'models' ELSE '[]' END)
				AS m(model text, family text, customers bigint, converged boolean, reason text)), '')
		|| '<p>Every figure comes from the view named below it; docs/report.md says how. Made by crm_report() of crm_ext.</p>';
COMMENT ON FUNCTION report_foot(jsonb) IS
	'internal: what was read and by which models';

-- What is on the page, each a link to its section.
CREATE FUNCTION report_contents(sections text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT '<nav aria-label="Sections"><ul>' || string_agg(format('<li><a href="#%s">%s</a></li>', h.heading[1], h.heading[2]), '' ORDER BY h.n) || '</ul></nav>'
		FROM regexp_matches(report_contents.sections, '<h2 id="([^"]+)-h">([^<]+)</h2>', 'g') WITH ORDINALITY AS h(heading, n));
COMMENT ON FUNCTION report_contents(text) IS
	'internal: links to the sections of the page, by their headings';

CREATE FUNCTION report_page(data jsonb, workspace text, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT '<!DOCTYPE html>' || E'\n' || '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
		|| '<meta http-equiv="Content-Security-Policy" content="default-src ''none''; style-src ''unsafe-inline''; img-src data:">'
		|| '<meta name="color-scheme" content="light dark"><meta name="generator" content="crm_ext"><link rel="icon" href="data:,"><title>'
		|| h.title || '</title><style>' || report_style() || '</style></head><body><header><h1>' || h.title || '</h1><p>'
		|| concat_ws(' &middot; ',
			CASE WHEN h.as_of IS NOT NULL THEN 'as of <time datetime="' || h.as_of || '">' || report_day(h.as_of) || '</time>' ELSE 'not filled yet' END,
			'from ' || report_escape(h.source), 'workspace ' || report_escape(workspace),
			'last refresh ' || to_char(h.last_refresh AT TIME ZONE h.time_zone, 'FMDD Mon YYYY HH24:MI') || ' (' || report_escape(h.time_zone) || ')',
			CASE WHEN coalesce(currency, '') <> '' THEN 'money in ' || report_escape(currency) END)
		|| '</p></header><main>' || b.tiles || coalesce(report_contents(b.sections), '') || b.sections || '</main><footer>' || report_foot(data) || '</footer></body></html>'
	FROM (SELECT report_tiles(data, currency) AS tiles, concat_ws(E'\n', report_retention(data), report_cohorts(data), report_segments(data, currency),
			report_stages(data, currency), report_moves(data), report_ladder(data), report_forecast(data), report_clv(data, currency), report_win_back(data, currency),
			report_mrr(data, currency), report_channels(data, currency), report_referrals(data, currency), report_products(data), report_funnel(data),
			report_conversation(data, currency), report_campaigns(data, currency)) AS sections OFFSET 0) AS b, -- once, not where it is read
		(SELECT 'Customers of ' || report_escape(coalesce(s.source, workspace)) AS title, coalesce((data #>> '{kpis,0,as_of}')::date, s.last_refresh_day) AS as_of,
			s.source, s.last_refresh, s.time_zone
		FROM (SELECT 1) AS one LEFT JOIN jsonb_to_recordset(CASE jsonb_typeof(data -> 'status') WHEN 'array' THEN data -> 'status' ELSE '[]' END)
			AS s(source text, last_refresh timestamptz, last_refresh_day date, time_zone text) ON true) AS h;
	END;
COMMENT ON FUNCTION report_page(jsonb, text, text) IS
	'internal: the whole page from the rows that were read';
