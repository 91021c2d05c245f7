# Attachments of a workspace with several roles: rights, hostile paths, renaming, dump and restore.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('attachments');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nclient_min_messages = error\n");
$node->start;

sub sql { return $node->safe_psql($_[1] // 'postgres', $_[0]) }

# What a role gets: the answer, or the SQLSTATE and message.
sub as
{
	my ($role, $query) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "SET ROLE $role; \\set VERBOSITY verbose\n$query", on_error_stop => 1);
	return $out if $rc == 0;
	return $err =~ /ERROR:\s+(\w{5}): ([^\n]*)/ ? "$1 $2" : $err;
}

sql(<<'END');
CREATE EXTENSION crm_ext;
CREATE ROLE shop; CREATE ROLE alice; CREATE ROLE analyst; CREATE ROLE mallory;
GRANT CREATE ON DATABASE postgres TO alice;
CREATE SCHEMA shop AUTHORIZATION shop;
GRANT USAGE ON SCHEMA shop TO alice, mallory;
SET ROLE shop;
CREATE TABLE shop.orders AS SELECT order_id, customer_id::int AS buyer, purchased_at AS at, amount AS total, product_id, channel FROM crm_sample_purchases(300);
CREATE TABLE shop.plans AS SELECT i AS buyer, date '2024-01-01' + i AS started, CASE WHEN i % 3 = 0 THEN date '2025-01-01' + i END AS ended, i % 20 AS mrr FROM generate_series(1, 320) i;
CREATE TABLE shop.costs AS SELECT m::date AS month, channel, 100 AS spend FROM generate_series(date '2024-01-01', '2025-12-01', '1 month') m, unnest('{web,store}'::text[]) channel;
CREATE TABLE shop.invitations AS SELECT i AS buyer, nullif(i / 3, 0) AS by FROM generate_series(1, 300) i;
CREATE TABLE shop.mailings AS SELECT i % 300 AS buyer, date '2025-01-01' + i % 300 AS sent, (ARRAY['control', 'a', 'b'])[1 + i % 3] AS variant,
	CASE WHEN i % 5 = 0 THEN date '2025-01-01' + i % 300 END AS converted FROM generate_series(1, 900) i;
CREATE TABLE shop.talks AS SELECT i % 310 AS buyer, timestamptz '2025-01-01' + i * interval '5 hours' AS at, (ARRAY['inbound', 'outbound'])[1 + i * 7 % 11 % 2] AS way,
	(ARRAY['mail', 'phone'])[1 + i % 2] AS place FROM generate_series(1, 1500) i;
CREATE TABLE shop.visits AS SELECT i % 320 AS buyer, timestamptz '2025-01-01' + i * interval '5 hours' AS at, (ARRAY['awareness', 'consideration', 'decision'])[1 + i / 320] AS step FROM generate_series(1, 900) i;
CREATE TABLE shop.lines AS SELECT order_id, product_id % 30 AS product, buyer FROM shop.orders UNION SELECT order_id, (product_id * 7 + order_id)::int % 30, buyer FROM shop.orders;
GRANT SELECT ON shop.orders TO alice;
END

my %attach = (
	subscriptions => "SELECT public.crm_attach_subscriptions('shop.plans', 'buyer', 'started', 'ended', 'mrr')",
	costs => "SELECT public.crm_attach_costs('shop.costs', 'month', 'spend', 'channel', customer_channel => 'channel', margin => 0.4)",
	referrals => "SELECT public.crm_attach_referrals('shop.invitations', 'buyer', 'by', decay => 0.5)",
	campaigns => "SELECT public.crm_attach_campaigns('shop.mailings', 'buyer', 'sent', 'variant', 'converted')",
	interactions => "SELECT public.crm_attach_interactions('shop.talks', 'buyer', 'at', 'way', 'place')",
	events => "SELECT public.crm_attach_events('shop.visits', 'buyer', 'at', 'step', event_window => '90 days')",
	products => "SELECT public.crm_attach_products('shop.lines', 'order_id', 'product', 'buyer')",
);
my $attach_all = join '; ', map { $attach{$_} } sort keys %attach;
my %table = (subscriptions => 'plans', costs => 'costs', referrals => 'invitations', campaigns => 'mailings', interactions => 'talks', events => 'visits', products => 'lines');

# ------------------------------------------------------------------ rights

as('alice', "SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', as_of => '2025-12-31')");
for my $kind (sort keys %attach)
{
	is(as('mallory', $attach{$kind}), '42501 must be owner of workspace "crm"', "$kind: only the owner attaches");
	is(as('postgres', $attach{$kind}), '42501 must be owner of workspace "crm"', "$kind: not even a superuser");
	like(as('alice', $attach{$kind}), qr/^42501 permission denied for column "\w+" of relation "shop.$table{$kind}"/, "$kind: who may not read the source cannot attach it");
}
is(sql('SELECT count(*) FROM crm.attachments'), '0', 'and nothing was left behind');
sql("GRANT SELECT ON shop.$table{$_} TO alice") for sort keys %table;

sql(<<'END');
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.int4eq(int, int) RETURNS boolean LANGUAGE sql RETURN false;
CREATE OPERATOR hostile.= (LEFTARG = int, RIGHTARG = int, FUNCTION = hostile.int4eq);
CREATE FUNCTION hostile.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'ran as %', current_user; END $$;
CREATE FUNCTION hostile.sum(numeric) RETURNS numeric LANGUAGE sql RETURN 0;
CREATE TABLE hostile.pg_class AS SELECT * FROM pg_class LIMIT 0;
GRANT USAGE ON SCHEMA hostile TO public;
GRANT SELECT ON hostile.pg_class TO public;
END
is(as('alice', "SET search_path = hostile, pg_catalog; $attach_all"), join("\n", ('') x keys %attach), 'attached under a hostile search_path');
is(as('alice', "SET search_path = ''; $attach_all"), join("\n", ('') x keys %attach), 'and again under an empty one');
my @views = split /\n/, sql("SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' ORDER BY 1");
cmp_ok(scalar @views, '>', 25, 'views are there');
is(sql("SELECT string_agg(prosecdef::text, '') FROM pg_proc WHERE pronamespace = 'crm'::regnamespace AND proname <> 'capture_changes'"), 'falsefalse', 'and no function that runs as somebody else');
is(sql("SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'crm'::regnamespace"), 'alice', 'all of it is alice\'s');

as('alice', 'GRANT USAGE ON SCHEMA crm TO analyst');
is(join(' ', grep { as('analyst', "SELECT count(*) FROM crm.$_") !~ /^42501 permission denied for view $_$/ } @views), '', 'nothing is granted by default');
as('alice', "GRANT SELECT ON crm.$_ TO analyst") for @views;
is(join(' ', grep { as('analyst', "SELECT count(*) FROM crm.$_") !~ /^\d+$/ } @views), '', 'who is granted a view needs nothing else');
is(as('analyst', 'SELECT count(*) FROM shop.mailings'), '42501 permission denied for schema shop', 'and sees no more');

# ------------------------------------------------------------------ renaming, dump and restore

my $figures = sub {
	my ($schema, $db) = @_;
	return sql(join(' UNION ALL ', map { "SELECT '$_', count(*), md5(string_agg(v::text, ',' ORDER BY v::text)) FROM $schema.$_ v" } grep { $_ ne 'status' && $_ ne 'attachments' } @views), $db);
};
my $before = $figures->('crm');
sql('ALTER SCHEMA crm RENAME TO "my crm"');
is($figures->('"my crm"'), $before, 'renamed: the same figures');
sql('SET ROLE alice; SELECT crm_refresh(\'my crm\')');
is($figures->('"my crm"'), $before, 'and after a refresh');
as('alice', "SELECT crm_attach_campaigns('shop.mailings', 'buyer', 'sent', 'variant', 'converted', workspace => 'my crm')");
is($figures->('"my crm"'), $before, 'and attached again');
sql('ALTER SCHEMA shop RENAME TO store; CREATE SCHEMA elsewhere; GRANT USAGE ON SCHEMA elsewhere TO alice; ALTER EXTENSION crm_ext SET SCHEMA elsewhere');
is($figures->('"my crm"'), $before, 'source and extension moved: the same');
sql('SET ROLE alice; SELECT elsewhere.crm_refresh(\'my crm\', full => true)');
is($figures->('"my crm"'), $before, 'and after a refresh');
is(sql('SELECT string_agg(source, \' \' ORDER BY kind) FROM "my crm".attachments'), 'store.mailings store.orders store.costs store.visits store.talks store.lines store.invitations store.plans', 'attachments follows');
sql('ALTER SCHEMA store RENAME TO shop; ALTER EXTENSION crm_ext SET SCHEMA public');

my $catalog = <<'END';
SELECT relname, relacl::text, obj_description(oid), (SELECT string_agg(col_description(oid, attnum), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = oid)
FROM pg_class WHERE relnamespace = '"my crm"'::regnamespace AND relkind IN ('r', 'v') ORDER BY relname
END
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $node->basedir . '/dump', '-d', $node->connstr('postgres') ], 'pg_dump');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), $node->basedir . '/dump' ], 'pg_restore');
is($figures->('"my crm"', 'restored'), $before, 'restored: the same figures');
is(sql($catalog, 'restored'), sql($catalog), 'comments and grants');
sql("INSERT INTO shop.invitations VALUES (9999, 1); SET ROLE alice; SELECT crm_refresh('my crm')", 'restored');
is(sql('SELECT direct_referrals FROM "my crm".referrals WHERE customer_id = 1', 'restored'), '4', 'its refreshes recompute what is stored');
sql("SET ROLE alice; SELECT crm_detach('my crm')", 'restored');
is(sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'my crm'", 'restored'), '0', 'and it can be detached');
is(sql("SELECT count(*) FROM pg_depend d JOIN pg_class c ON c.oid = d.refobjid WHERE c.relnamespace = 'shop'::regnamespace AND d.deptype = 'n' AND d.classid = 'pg_rewrite'::regclass", 'restored'), '0', 'leaving nothing on the sources');

$node->stop;
done_testing();
