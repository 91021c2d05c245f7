# crm_report in a real browser: no message, no request, nothing beside the page, and every figure
# that of its view. What asks for a browser is skipped by name where there is none.
use strict;
use warnings;
use Chromium;
use Encode qw(decode);
use File::Path qw(make_path);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('report');
$node->init(extra => [ '-E', 'UTF8' ]);    # for ids in letters of everywhere
$node->start;
$node->safe_psql('postgres', <<'END');
SET client_min_messages = warning;
CREATE EXTENSION crm_ext;
CREATE TABLE orders AS SELECT customer_id, purchased_at, amount FROM crm_sample_purchases(1500);
SELECT crm_attach('orders', 'customer_id', 'purchased_at', 'amount', as_of => '2025-12-20');
CREATE TABLE hostile (id text, at date, total numeric);
INSERT INTO hostile SELECT id, date '2025-01-01' + i * 11, 10 * i
FROM generate_series(1, 12) AS i, (VALUES ('<script>alert(1)</script>'), ('"><img src=x onerror=alert(1)>'),
	('</td></table><style>body{display:none}</style>'), ('{{7*7}} & ''quoted'' &lt;'), (U&'M\00FCller \4E2D \+01F600')) AS v(id);
SELECT crm_attach('hostile', 'id', 'at', 'total', workspace => 'odd <b>"name"</b>', as_of => '2025-09-01');
CREATE TABLE nobody (id int, at date, total numeric);
SELECT crm_attach('nobody', 'id', 'at', 'total', workspace => 'nobody');
CREATE DATABASE attached;
END
$node->safe_psql('attached', "SET client_min_messages = warning; CREATE EXTENSION crm_ext;
	CREATE TABLE orders AS SELECT customer_id, purchased_at, amount FROM crm_sample_purchases(2000);
	SELECT crm_attach('orders', 'customer_id', 'purchased_at', 'amount', as_of => '2025-12-20')");
{
	local @ENV{qw(PGHOST PGPORT PGDATABASE PGOPTIONS)} = ($node->host, $node->port, 'attached', '-c client_min_messages=warning');
	command_ok([ qw(psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f test/include/attached.sql) ], 'everything is attached');
}

my $pages = $node->basedir . '/pages';
my $shots = "$ENV{TESTDIR}/../artifacts";
make_path($pages, $shots);

# The database whose workspaces are looked at.
my $database = 'postgres';
sub sql { my ($query) = @_; return $node->safe_psql($database, $query) }

# The page as a file, written the way the documentation says; its URL.
sub page_of
{
	my ($name, $workspace, $currency) = @_;
	my $file = "$pages/$name.html";
	my ($u) = map { s/'/''/gr } $workspace;
	open my $out, '>', $file or die;
	print $out sql("SELECT crm_report('$u'" . (defined $currency ? ", '$currency'" : '') . ')'), "\n";
	close $out;
	return "file://$file";
}

# What each table of the page must hold; shown() says what the letters mean.
my %tables = (
	retention_monthly => 'SELECT Y{period_start}, N{customers_at_start}, N{customers_at_end}, N{new_customers}, N{churned}, 1{retention_rate}, 1{churn_rate}, 1{crr},
		CASE WHEN complete THEN \'yes\' ELSE \'not yet\' END FROM WS.retention_monthly ORDER BY period_start DESC LIMIT 36',
	cohorts_monthly => 'SELECT Y{cohort}, N{max(cohort_size)}, ' . join(', ', map { "1{max(retention) FILTER (WHERE period = $_)} || CASE WHEN bool_and(complete) FILTER (WHERE period = $_) IS FALSE THEN '*' ELSE '' END" } 1 .. 12)
		. ' FROM WS.cohorts_monthly WHERE cohort_size > 0 AND cohort > (SELECT max(cohort) FROM WS.cohorts_monthly) - interval \'24 months\' GROUP BY cohort ORDER BY cohort DESC',
	segments => 'SELECT segment, N{customers}, 1{customer_share}, M{revenue}, 1{revenue_share}, M{mean_clv_12m} FROM WS.segments',
	stages => 'SELECT S{stage}, N{customers}, 1{customer_share}, M{revenue}, 1{revenue_share}, M{mean_clv_12m} FROM WS.stages',
	stage_moves => 'SELECT S{stage_before}, S{stage_now}, N{customers} FROM WS.stage_moves ORDER BY stage_before::customer_stage, stage_now::customer_stage',
	ladder => 'SELECT step, N{customers}, N{next}, 1{share}, 0{median_days} FROM WS.ladder WHERE customers > 0',
	forecast => 'SELECT frequency, N{customers}, 2{actual}, 2{expected} FROM WS.forecast',
	win_back => 'SELECT customer_id, S{stage}, M{value_at_stake}, D{last_purchase}, N{days_since_last}, D{turns_dormant_on} FROM WS.win_back LIMIT 15',
	clv_curve => 'SELECT x, 1{100 * sum(v) FILTER (WHERE n <= ceil(x * m / 100.0)) / sum(v)}, M{min(v) FILTER (WHERE n <= ceil(x * m / 100.0))}
		FROM (SELECT clv_12m AS v, row_number() OVER (ORDER BY clv_12m DESC) AS n, count(*) OVER () AS m FROM WS.customers WHERE clv_12m IS NOT NULL) c,
			generate_series(5, 100, 5) AS x GROUP BY x ORDER BY x');

# And where there is more than purchases.
my %subscribed = (
	mrr_monthly => q{SELECT Y{period_start} || CASE WHEN complete THEN '' ELSE ' (not over yet)' END, M{mrr_start}, M{new}, M{expansion}, M{reactivation}, M{contraction}, M{churned}, M{mrr_end},
		N{customers_end}, 1{net_retention} FROM WS.mrr_monthly ORDER BY period_start DESC LIMIT 36});
my %attached = (
	acquisition => q{SELECT coalesce(a.channel, 'unknown'), N{a.customers}, M{a.cost}, M{a.cac}, M{a.mean_value}, 1{a.ltv_to_cac}, 1{a.repeat_rate},
		coalesce((SELECT count(payback_period) || ' of ' || nullif(count(*), 0) FROM WS.payback p WHERE p.customers > 0 AND p.channel IS NOT DISTINCT FROM a.channel), U&'\2013'),
		0{(SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY payback_period) FROM WS.payback p WHERE p.customers > 0 AND p.channel IS NOT DISTINCT FROM a.channel)},
		1{nullif(a.acquisition_to_retention_cost, 0)} FROM WS.acquisition a ORDER BY a.customers DESC, a.channel},
	referrals => q{SELECT quadrant, N{count(*)}, N{count(*) FILTER (WHERE direct_referrals > 0)}, N{sum(direct_referrals)}, M{avg(clv)}
		FROM WS.referrals WHERE quadrant IS NOT NULL GROUP BY quadrant ORDER BY array_position('{champions,affluents,advocates,misers}', quadrant)},
	top_referrers => q{SELECT customer_id, N{direct_referrals}, M{crv}, M{clv}, quadrant FROM WS.referrals WHERE direct_referrals > 0
		ORDER BY crv DESC, direct_referrals DESC, customer_id::text LIMIT 10},
	best_pairs => q{SELECT product_id, other_product_id, N{together}, 1{100 * confidence}, 1{lift}
		FROM (SELECT a.*, row_number() OVER (PARTITION BY least(product_id, other_product_id), greatest(product_id, other_product_id) ORDER BY confidence DESC, product_id) AS n
			FROM WS.affinity a WHERE lift > 1) a WHERE n = 1 ORDER BY log_likelihood_ratio DESC LIMIT 10},
	best_offers => q{SELECT product_id, N{count(*)} FROM WS.next_products n WHERE position = (SELECT min(position) FROM WS.next_products m WHERE m.customer_id = n.customer_id)
		GROUP BY product_id ORDER BY count(*) DESC, product_id LIMIT 10},
	funnel => q{SELECT coalesce(channel, 'unknown'), step_name, N{leads}, 1{100 * conversion_rate}, 1{100 * step_rate} FROM WS.funnel ORDER BY channel, step},
	campaigns => q{SELECT variant || CASE WHEN is_control THEN ' (control)' ELSE '' END, N{contacts}, 1{100 * conversion_rate}, 1{100 * difference},
		3{p_value}, M{sales_per_contact}, M{extra_value}, M{cost}, 2{campaign_roi} FROM WS.campaigns ORDER BY is_control, variant},
	engagement => q{SELECT relationship_level, N{count(*)}, N{count(*) FILTER (WHERE is_contacted_too_often)}, 1{100 * avg(response_rate)} FROM WS.engagement
		GROUP BY relationship_level ORDER BY array_position('{interconnected,collaborative,basic,exploratory}', relationship_level)},
	channels => q{SELECT coalesce(channel, 'unknown'), N{customers}, N{inbound}, N{outbound}, N{preferred_by}, M{mean_clv_12m} FROM WS.channels ORDER BY customers DESC, channel});

my %url = (
	demo => page_of('demo', 'crm', 'EUR'),
	hostile => page_of('hostile', 'odd <b>"name"</b>', '<i>'),
	nobody => page_of('nobody', 'nobody'));
if ($ENV{CRM_DATA})
{
	$node->safe_psql('postgres', "SET client_min_messages = warning; CREATE TABLE cdnow (customer_id int, date date, amount numeric, units int);
		COPY cdnow FROM '$ENV{CRM_DATA}/cdnow.csv' CSV HEADER;
		SELECT crm_attach('cdnow', 'customer_id', 'date', 'amount', workspace => 'cdnow', as_of => '1998-06-30')");
	$url{cdnow} = page_of('cdnow', 'cdnow', '$');
}
$database = 'attached';
@url{qw(subscribed attached)} = (page_of('subscribed', 'crm', 'EUR'), page_of('attached', 'shop', 'EUR'));
$database = 'postgres';
cmp_ok(-s "$pages/$_.html", '<', 500_000, "$_: less than 500 kB") for sort keys %url;

SKIP:
{
	my $tests = 60;
	skip 'Chromium (package chromium) is not installed', $tests unless Chromium::program();
	my $browser = eval { Chromium->new($node->basedir) };
	skip "Chromium does not start: $@", $tests unless $browser;
	for my $name (sort keys %url)
	{
		looks($browser, $name);
	}
	for my $name (grep { $url{$_} } 'demo', 'cdnow')
	{
		figures($browser, $name, $name eq 'demo' ? 'crm' : $name, $name eq 'demo' ? 'EUR' : '$', \%tables);
	}
	$database = 'attached';
	figures($browser, 'subscribed', 'crm', 'EUR', { %tables, %subscribed });
	figures($browser, 'attached', 'shop', 'EUR', { %tables, %attached });
	$database = 'postgres';
	hostile($browser);
	$browser->end;
}
SKIP: { skip 'no data folder with cdnow.csv', 1 unless $url{cdnow}; pass('CDNOW was looked at'); }
done_testing();

# ------------------------------------------------------------------ how a page looks

sub looks
{
	my ($browser, $name) = @_;
	for my $width (360, 1024, 1600)
	{
		my $said = $browser->open_page($url{$name}, $width);
		is("@{ $said->{messages} }", '', "$name, $width pixels: no console message");
		is("@{ $said->{requests} }", '', "$name, $width pixels: no request");
		is($browser->value('document.documentElement.scrollWidth'), $width, "$name, $width pixels: no overflow");
		is($browser->value(q{[...document.querySelectorAll('body *')].filter(e => {
				const r = e.getBoundingClientRect();
				return r.width && (r.right > innerWidth + 0.5 || r.left < -0.5) && !e.closest('.scroll') }).map(e => e.outerHTML.slice(0, 80)).join(' ')}),
			'', "$name, $width pixels: nothing sticks out");
		cmp_ok($browser->screenshot("$shots/$name-$width.png"), '>', 10_000, "$name, $width pixels: a screenshot") if $name =~ /demo|cdnow|attached/;
	}
	tables($browser, $name, $name =~ /attached|subscribed/ ? (360, 768, 1024, 1600) : 360);
	is($browser->value(q{[...document.querySelectorAll('svg.chart')].filter(s => {
			const names = (s.getAttribute('aria-labelledby') || '').split(' ').map(id => document.getElementById(id));
			return s.getAttribute('role') !== 'img' || names.length !== 2 || names.some(n => !n || !n.textContent.trim()) || !s.closest('section').querySelector('table') }).length}),
		0, "$name: every chart has a title, a description and a table");
	is($browser->value(q{(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))}), 0, "$name: no id twice");
	is($browser->value(q{document.scripts.length + [...document.querySelectorAll('[src],[href]')].filter(e => !/^(#.*|data:,)$/.test(e.getAttribute('href'))).length}),
		0, "$name: no script, nothing to load");
	is($browser->value(q{[...document.querySelectorAll('nav a')].map(a => (document.getElementById(a.hash.slice(1)) || document.body).querySelector('h2').textContent === a.textContent ? '' : a.hash).join('')
			+ ([...document.querySelectorAll('nav a')].length - document.querySelectorAll('section').length + 1)}), '0', "$name: a link to each section, by its heading");
	is($browser->value(q{/NaN|Infinity|undefined|null|%s|%%/.test(document.body.innerText)}), JSON::PP::false, "$name: no trace of a figure that is none");
	return unless $name eq 'demo';
	# Text against what is behind it, in both schemes: 4.5 to 1 as WCAG 2 wants it.
	for my $scheme ('light', 'dark')
	{
		$browser->open_page($url{$name}, 1024, scheme => $scheme);
		is($browser->value(q{(() => {
			const rgb = s => s.match(/[\d.]+/g).map(Number), lin = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
			const lum = c => 0.2126 * lin(c[0]) + 0.7152 * lin(c[1]) + 0.0722 * lin(c[2]);
			const ratio = (a, b) => { const [x, y] = [lum(a), lum(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05) };
			const card = rgb(getComputedStyle(document.querySelector('section.wide:not(#figures)')).backgroundColor);
			const bad = [];
			for (const e of document.querySelectorAll('p, h1, h2, h3, li, summary, th, td, svg.chart text')) {
				const s = getComputedStyle(e);
				const color = rgb(e.closest('svg') ? s.fill : s.color);
				let back = card;
				const rect = e.closest('.heat g') && e.closest('.heat g').querySelector('rect');
				if (rect) { const r = getComputedStyle(rect), f = rgb(r.fill), o = +r.fillOpacity; back = card.map((v, i) => v * (1 - o) + f[i] * o) }
				if (ratio(color, back) < 4.5) bad.push(e.tagName + ' ' + e.textContent.slice(0, 20) + ' ' + ratio(color, back).toFixed(2));
			}
			return bad.slice(0, 5).join('; ') })()}), '', "$scheme: text can be told from its ground");
		$browser->screenshot("$shots/$name-$scheme.png");
	}
	isnt($browser->value('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)', 'dark: it is dark');
	$browser->open_page($url{$name}, 800, media => 'print', scheme => 'dark');
	is($browser->value('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)', 'print: white paper whatever the scheme');
	is($browser->value('document.documentElement.scrollWidth'), 800, 'print: no overflow');
	$browser->screenshot("$shots/$name-print.png");
}

# Folded tables, unfolded: no sideways scrolling wherever the page is read. Where rows become cards
# each cell says its heading, and the table stays one for who hears it.
sub tables
{
	my ($browser, $name, @widths) = @_;
	my $unfold = q{document.querySelectorAll('details').forEach(d => d.open = true)};
	for my $width (@widths)
	{
		$browser->open_page($url{$name}, $width);
		$browser->value($unfold);
		is($browser->value(q{[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)
				.map(e => `${e.querySelector('table').dataset.view} ${e.scrollWidth} > ${e.clientWidth}`).join(', ')}),
			'', "$name, $width pixels: no table scrolls sideways");
		is($browser->value('document.documentElement.scrollWidth'), $width, "$name, $width pixels: nor does the page, unfolded");
		$browser->screenshot("$shots/$name-$width-unfolded.png") if $name =~ /attached/;
	}
	$browser->open_page($url{$name}, 360);
	$browser->value($unfold);
	is($browser->value(q{[...document.querySelectorAll('table')].filter(t => t.tHead.rows[0].cells.length > 3).flatMap(t => [...t.tBodies[0].rows].slice(0, 1).flatMap(r =>
			[...r.cells].slice(1).filter((c, i) => getComputedStyle(c, '::before').content.replace(/ \/ ""$/, '') !== JSON.stringify(t.tHead.rows[0].cells[i + 1].textContent))
				.map(c => t.dataset.view + ' ' + getComputedStyle(c, '::before').content))).join(', ')}),
		'', "$name, 360 pixels: a cell of a card says its heading");
	my %heard;
	$heard{ $_->{role}{value} }++ for grep { !$_->{ignored} } @{ $browser->ask('Accessibility.getFullAXTree')->{nodes} };
	my $there = $browser->value(q{(t => ({table: t.length, columnheader: document.querySelectorAll('thead th').length, rowheader: document.querySelectorAll('tbody th').length,
		cell: document.querySelectorAll('td').length}))(document.querySelectorAll('table'))});
	is(join(' ', map { "$_ " . ($heard{$_} // 0) } sort keys %$there), join(' ', map { "$_ $there->{$_}" } sort keys %$there), "$name, 360 pixels: a screen reader is told of every table, heading and cell");
	return;
}

# ------------------------------------------------------------------ its figures

# Rows as psql gives them, each figure in the page's style; done here in plain to_char.
sub shown
{
	my ($ws, $query) = @_;
	my %form = (
		N => sub { "to_char($_[0], 'FM999,999,999,990')" },
		1 => sub { "to_char(round(($_[0])::numeric, 1), 'FM999,990.0')" },
		0 => sub { "to_char(round(($_[0])::numeric, 0), 'FM999,990')" },
		3 => sub { "to_char(round(($_[0])::numeric, 3), 'FM999,990.000')" },
		2 => sub { "to_char(round(($_[0])::numeric, 2), 'FM999,990.00')" },
		M => sub { "to_char(($_[0])::numeric, CASE WHEN abs($_[0]) < 100 AND ($_[0])::numeric <> round(($_[0])::numeric) THEN 'FM99990.00' ELSE 'FM999,999,999,990' END)" },
		Y => sub { "to_char($_[0], 'Mon YYYY')" },
		D => sub { "to_char($_[0], 'FMDD Mon YYYY')" },
		S => sub { "replace($_[0], '_', ' ')" });
	$query =~ s/\b([N0123MYDS])\{([^}]*)\}/"coalesce(" . $form{$1}->($2) . ", U&'\\2013')"/ge;
	$query =~ s/\bWS\./$ws./g;
	return decode('UTF-8', sql($query));
}

sub figures
{
	my ($browser, $name, $ws, $money, $tables) = @_;
	$browser->open_page($url{$name}, 1024);
	my $got = $browser->value(q{Object.fromEntries([...document.querySelectorAll('table')].map(t =>
		[t.dataset.view, [...t.tBodies[0].rows].map(r => [...r.cells].map(c => c.textContent).join('|')).join('\n')]))});
	for my $view (sort keys %$tables)
	{
		is($got->{$view}, shown($ws, $tables->{$view}), "$name: the table of $view is the view");
	}
	my $units = $browser->value(q{[...document.querySelectorAll('th')].map(h => h.textContent.match(/^(Revenue|Mean CLV|Each at least|Value at stake|Cost|CAC|At end) \((.*)\)$/)).filter(m => m).map(m => m[2])});
	is(join(' ', keys %{ { map { $_ => 1 } @$units } }), $money, "$name: headings of money name the currency");
	cmp_ok(scalar @$units, '>=', 6, "$name: all of them");
	is(join(' ', sort grep { $_ ne 'clv_bands' } keys %$got), join(' ', sort keys %$tables), "$name: no table is left unread");
	my $bands = 0;
	$bands += tr/,//dr for map { (split /\|/)[1] } split /\n/, $got->{clv_bands};
	is($bands, sql("SELECT count(clv_12m) FROM $ws.customers"), "$name: the bands of CLV hold every customer");

	my $figures = $browser->value(q{[...document.querySelectorAll('data')].map(d => [d.dataset.name, d.value, d.textContent])});
	my @wrong = grep { $_->[1] ne sql("SELECT ($_->[0]) FROM $ws." . ($_->[0] =~ /^(\w+)\./)[0]) && $_->[1] ne sql("SELECT ($_->[0])::numeric FROM $ws." . ($_->[0] =~ /^(\w+)\./)[0]) } @$figures;
	is("@{[map { qq{$_->[0]=$_->[1]} } @wrong]}", '', "$name: the figures of the tiles are those of kpis and clv_range");
	cmp_ok(scalar @$figures, '>=', 10, "$name: there are tiles");
	my @unlike = grep { my $n = $_->[2] =~ s/[^\d.]//gr; abs($n - $_->[1]) > ($n < 1000 ? 0.05001 : 0.50001) } @$figures;
	is("@{[map { qq{$_->[0] $_->[1] $_->[2]} } @unlike]}", '', "$name: and shown rounded");

	my $says = $browser->value(q{Object.fromEntries([...document.querySelectorAll('section')].map(s => [s.id, (s.querySelector('.says') || {}).textContent]))});
	my $numbers = sub { return join ' ', map { tr/,//dr } grep { /\d/ } ($says->{ $_[0] } =~ /[\d.,]*\d/g) };
	is($numbers->('retention'), sql("SELECT 100 || ' ' || round(100 - 100.0 * sum(churned) / sum(customers_at_start), 1) || ' ' || count(*)
			|| to_char(min(period_start), ' YYYY ') || to_char(max(period_start), 'YYYY ') || round(100.0 * sum(churned) / sum(customers_at_start), 1)
		FROM (SELECT * FROM $ws.retention_monthly WHERE complete AND customers_at_start > 0 ORDER BY period_start DESC LIMIT 12) l"), "$name: the sentence on retention");
	is($numbers->('moves'), sql("SELECT sum(customers) FILTER (WHERE stage_before = 'prospect') || ' '
			|| sum(customers) FILTER (WHERE stage_before <> 'prospect' AND stage_now IN ('at_risk', 'dormant', 'lost') AND stage_before::customer_stage < stage_now::customer_stage) || ' '
			|| sum(customers) FILTER (WHERE stage_before NOT IN ('prospect', stage_now)
				AND NOT (stage_now IN ('at_risk', 'dormant', 'lost') AND stage_before::customer_stage < stage_now::customer_stage)) FROM $ws.stage_moves") =~ s/ $//r,
		"$name: the sentence on moves") if $name eq 'demo';
	is(join(' ', (split / /, $numbers->('segments'))), sql("SELECT round(revenue_share::numeric, 1) || ' ' || round(customer_share::numeric, 1) FROM $ws.segments ORDER BY revenue DESC LIMIT 1"),
		"$name: the sentence on segments");
	like($says->{forecast}, qr/expected @{[ sql("SELECT to_char(sum(customers * expected), 'FM999,990') FROM $ws.forecast") ]} purchase days .* there were @{[ sql("SELECT to_char(sum(customers * actual), 'FM999,990') FROM $ws.forecast") ]} /,
		"$name: the sentence on the forecast");

	# What is drawn: lengths, heights and places are those of the figures.
	my $bars = $browser->value(q{(b => [...b].filter(r => !r.classList.contains('back')).map(r => parseFloat(r.getAttribute('width'))))(document.querySelectorAll('#stages .bars rect'))});
	my @stages = split /\n/, sql("SELECT round(100.0 * customers / max(customers) OVER (), 2) FROM $ws.stages");
	is(join(' ', @$bars), join(' ', map { $_ + 0 } @stages), "$name: bars are as long as stages are large");
	$bars = $browser->value(q{[...document.querySelectorAll('#segments .bars rect:not(.back)')].map(r => parseFloat(r.getAttribute('width')))});
	is(join(' ', @$bars), join(' ', map { $_ + 0 } split /\n/, sql("SELECT round((100 * revenue_share / max(revenue_share) OVER ())::numeric, 2) FROM $ws.segments")),
		"$name: bars are as long as segments have brought money");
	is($browser->value(q{document.querySelectorAll('#mrr .columns.open rect').length}), 2 * sql("SELECT count(*) FROM $ws.mrr_monthly WHERE NOT complete"),
		"$name: movements of a month not over yet are paler") if $name eq 'subscribed';
	my $points = $browser->value(q{[...document.querySelectorAll('#retention circle.b')].map(c => (206 - c.cy.baseVal.value) / 190 * 100)});
	my @churn = split /\n/, sql("SELECT churn_rate FROM (SELECT * FROM $ws.retention_monthly ORDER BY period_start DESC LIMIT 36) m WHERE churn_rate IS NOT NULL ORDER BY period_start");
	is(scalar @$points, scalar @churn, "$name: a point for each month");
	is(join(' ', grep { abs($points->[$_] - $churn[$_]) > 0.06 } 0 .. $#churn), '', "$name: it stands where churn is");
	is($browser->value(q{document.querySelectorAll('#retention .open').length}), 2 * sql("SELECT count(*) FROM $ws.retention_monthly WHERE NOT complete"), "$name: months not over yet are marked");
	my $cells = $browser->value(q{[...document.querySelectorAll('#cohorts .heat g')].map(g => g.querySelector('text').textContent).join(' ')});
	is($cells, sql("SELECT string_agg(round(retention::numeric)::text, ' ' ORDER BY cohort, period) FROM $ws.cohorts_monthly
			WHERE cohort_size > 0 AND period BETWEEN 1 AND 12 AND cohort > (SELECT max(cohort) FROM $ws.cohorts_monthly) - interval '24 months'"),
		"$name: the heat map shows the cohorts");
	my $grid = $browser->value(q{[...document.querySelectorAll('#segments .heat g')].map(g => g.querySelector('text').textContent.replace(/,/g, '')).sort((a, b) => a - b).join(' ')});
	is($grid, sql("SELECT string_agg(n::text, ' ' ORDER BY n) FROM (SELECT count(*) AS n FROM $ws.customers WHERE rfm_score IS NOT NULL GROUP BY r, f) g"), "$name: the map of scores holds every customer");
}

sub hostile
{
	my ($browser) = @_;
	$browser->open_page($url{hostile}, 1024);
	my $ids = $browser->value(q{[...document.querySelectorAll('table[data-view=win_back] tbody th')].map(e => e.textContent).sort().join('\n')});
	is($ids, join("\n", sort split /\n/, decode('UTF-8', sql(q{SELECT customer_id FROM "odd <b>""name""</b>".win_back}))), 'ids of markup are shown as they are');
	is($browser->value('document.querySelectorAll("img, b, i, script").length'), 0, 'and are no markup');
	like($browser->value('document.querySelector("header").textContent'), qr/odd <b>"name"<\/b>/, 'nor is the name of the workspace');
	is($browser->value('getComputedStyle(document.body).display'), 'block', 'nor a style');
}
