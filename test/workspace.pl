# Workspaces with several sessions: rights, concurrency, crashes, dump and restore.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Sessions;
use Test::More;
use Time::HiRes qw(sleep);

my $node = PostgreSQL::Test::Cluster->new('workspace');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
jit = off
max_connections = 40
client_min_messages = error
synchronous_commit = on    # else a crash may take what was committed
END
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

sub difference { my ($workspace, $source, $db) = @_; return sql(difference_sql($workspace, $source), $db) }

sql(<<'END');
CREATE EXTENSION crm_ext;
CREATE ROLE shop; CREATE ROLE alice; CREATE ROLE writer; CREATE ROLE analyst; CREATE ROLE mallory; CREATE ROLE poor;
CREATE SCHEMA shop AUTHORIZATION shop;
SET ROLE shop;
CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer int, at date, total numeric(10,2), secret text);
CREATE INDEX ON shop.orders (buyer);
INSERT INTO shop.orders (buyer, at, total)
SELECT i * 7919 % 2000, date '2023-01-01' + i * 31 % 900, i % 97 FROM generate_series(1, 20000) i;
GRANT USAGE ON SCHEMA shop TO alice, writer, mallory, poor;
GRANT SELECT (buyer, at, total), TRIGGER ON shop.orders TO alice;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON shop.orders TO writer;
RESET ROLE;
GRANT CREATE ON DATABASE postgres TO alice, mallory;
END

# ------------------------------------------------------------------ rights

is(as('mallory', "SELECT crm_attach('shop.orders', 'buyer', 'at', 'total')"),
	'42501 permission denied for column "buyer" of relation "shop.orders"', 'who may not read the source cannot attach it');
sql('GRANT SELECT (buyer, at, total) ON shop.orders TO mallory, poor');
is(as('poor', "SELECT crm_attach('shop.orders', 'buyer', 'at', 'total')"),
	'42501 permission denied to create schema "crm" in database "postgres"', 'nor who may not create schemas');
is(as('mallory', "SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', workspace => 'm', capture => 'statement')"),
	'42501 permission denied to create triggers on "shop.orders"', 'triggers need the privilege');
is(as('mallory', "SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', workspace => 'm'); SELECT capture FROM m.status; SELECT crm_detach('m')"),
	"\nnone\n", 'without it nothing is captured');
sql('CREATE SCHEMA poors AUTHORIZATION poor');
is(as('poor', "SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', workspace => 'poors'); SELECT customers FROM poors.kpis; SELECT crm_detach('poors')"),
	"\n2000\n", 'a schema of one\'s own will do');
sql('REVOKE USAGE ON SCHEMA shop FROM mallory');
is(as('mallory', "SELECT crm_attach((SELECT oid::regclass FROM pg_class WHERE relname = 'orders'), 'buyer', 'at')"),
	'42501 permission denied for schema shop', 'the source\'s schema counts');
sql('GRANT USAGE ON SCHEMA shop TO mallory');

is(as('alice', "SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', as_of => '2025-12-31'); SELECT capture FROM crm.status"),
	"\nstatement", 'alice, who may read and set triggers, attaches');
is(difference('crm', 'shop.orders'), '0 0 0', 'exact');
is(sql("SELECT has_table_privilege('alice', 'shop.orders', 'INSERT')"), 'f', 'though she may not write');

is(as('writer', 'INSERT INTO shop.orders (buyer, at, total) VALUES (1, \'2025-01-01\', 1)'), '', 'a writer without any right on the workspace writes');
is(as('writer', 'UPDATE shop.orders SET total = 2 WHERE buyer = 2; DELETE FROM shop.orders WHERE buyer = 3'), '', 'updates and deletes');
is(as('writer', 'TABLE crm.change_queue'), '42501 permission denied for schema crm', 'and sees nothing of it');
is(as($_, 'SELECT crm_refresh()'), '42501 must be owner of workspace "crm"', "$_ cannot refresh") for 'writer', 'mallory', 'postgres';
is(as($_, 'SELECT crm_detach()'), '42501 must be owner of workspace "crm"', "$_ cannot detach") for 'writer', 'mallory', 'shop';
is(as('alice', 'SELECT crm_refresh(); SELECT last_kind FROM crm.status'), "\nincremental", 'alice refreshes');
is(difference('crm', 'shop.orders'), '0 0 0', 'exact');

is(as('analyst', 'SELECT customers FROM crm.kpis'), '42501 permission denied for schema crm', 'nothing is granted by default');
as('alice', 'GRANT USAGE ON SCHEMA crm TO analyst, mallory; GRANT SELECT ON crm.kpis, crm.customers, crm.segments, crm.stages, crm.cohorts_monthly TO analyst');
is(as('analyst', 'SELECT customers FROM crm.kpis'), '1999', 'an analyst sees what was granted');
is(as('analyst', 'SELECT count(*) FROM crm.customers; SELECT sum(customers) FROM crm.segments; SELECT sum(customers) FROM crm.stages; SELECT count(*) > 0 FROM crm.cohorts_monthly'),
	"1999\n1999\n1999\nt", 'with nothing else needed');
is(as('analyst', 'SELECT count(*) FROM crm.customer_history'), '42501 permission denied for table customer_history', 'and not what was not');
is(as('analyst', 'SELECT * FROM crm.customers_as_of(\'2024-01-01\')'), '42501 permission denied for function customers_as_of', 'nor functions');
is(as('analyst', 'SELECT only_row FROM crm.workspace_state FOR UPDATE'), '42501 permission denied for table workspace_state', 'nobody else can take the row that refreshes lock');

is(as('mallory', 'CREATE SCHEMA evil; CREATE TABLE evil.t (buyer int, at date); CREATE TRIGGER x AFTER INSERT ON evil.t FOR EACH ROW EXECUTE FUNCTION crm.capture_changes()'),
	'42501 permission denied for function crm.capture_changes', 'the triggers\' function serves no other table');
is(as('mallory', 'SELECT crm.capture_changes()'), '42501 permission denied for function capture_changes', 'nor can it be called');
is(sql("SELECT prosecdef, proconfig, pg_get_userbyid(proowner), has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc WHERE proname = 'capture_changes'"),
	't|{"search_path=pg_catalog, pg_temp"}|alice|f', 'it runs as alice, with its path pinned');

# A hostile search_path: equality, count and now() of mallory's come first.
sql(<<'END');
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.int4eq(int, int) RETURNS boolean LANGUAGE sql RETURN false;
CREATE OPERATOR hostile.= (LEFTARG = int, RIGHTARG = int, FUNCTION = hostile.int4eq);
CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE sql RETURN timestamptz '1900-01-01';
CREATE FUNCTION hostile.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'ran as %', current_user; END $$;
CREATE TABLE hostile.pg_class AS SELECT * FROM pg_class LIMIT 0;
GRANT USAGE ON SCHEMA hostile TO public;
GRANT SELECT ON hostile.pg_class TO public;
END
is(as('writer', "SET search_path = hostile, pg_catalog; UPDATE shop.orders SET total = total + 1 WHERE buyer > 100 AND buyer < 110"), '', 'a writer with a hostile search_path');
is(as('alice', "SET search_path = hostile, pg_catalog, public; SELECT public.crm_refresh(); SELECT last_kind || ' ' || last_refresh_day FROM crm.status"),
	"\nincremental 2025-12-31", 'a refresh with a hostile search_path');
is(difference('crm', 'shop.orders'), '0 0 0', 'exact');
is(as('alice', "SET search_path = ''; SELECT public.crm_attach('shop.orders', 'buyer', 'at', 'total', workspace => 'w_empty_path'); SELECT public.crm_detach('w_empty_path')"),
	"\n", 'an empty search_path');

# Row-level security: the owner's refresh stores what the owner sees.
sql(<<'END');
SET ROLE shop;
CREATE TABLE shop.tenants (buyer int, at date, total numeric, tenant name);
INSERT INTO shop.tenants SELECT i % 50, date '2024-01-01' + i, i, CASE WHEN i % 2 = 0 THEN 'alice' ELSE 'mallory' END FROM generate_series(1, 500) i;
ALTER TABLE shop.tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.tenants USING (tenant = current_user);
GRANT SELECT, TRIGGER ON shop.tenants TO alice, mallory;
END
is(as('alice', "SELECT crm_attach('shop.tenants', 'buyer', 'at', 'total', workspace => 'w_rls'); SELECT capture, customers, rows_seen FROM w_rls.status"),
	"\nnone|25|250", 'row-level security: the owner\'s rows, nothing captured');
sql("INSERT INTO shop.tenants VALUES (1001, '2025-01-01', 1, 'alice'), (1002, '2025-01-01', 1, 'mallory')");
is(as('alice', "SELECT crm_refresh('w_rls'); SELECT count(*) FILTER (WHERE customer_id > 1000), count(*) FROM w_rls.customers"), "\n1|26", 'a refresh stores what the owner sees');
sql("DROP POLICY own ON shop.tenants; CREATE POLICY own ON shop.tenants USING (tenant = current_user AND buyer <> 1001)");
is(as('alice', "SELECT crm_refresh('w_rls'); SELECT count(*) FROM w_rls.customers"), "\n25", 'and follows the policy');
sql('ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON shop.orders FOR SELECT TO alice USING (buyer < 10); CREATE POLICY w ON shop.orders TO writer USING (true)');
is(as('alice', "SELECT crm_refresh(); SELECT customers, last_reason FROM crm.status"), "\n9|row-level security decides what is seen", 'switched on later: noticed');
sql('ALTER TABLE shop.orders DISABLE ROW LEVEL SECURITY; DROP POLICY few ON shop.orders; DROP POLICY w ON shop.orders');
is(as('alice', 'SELECT crm_refresh()'), '', 'and off again');
is(difference('crm', 'shop.orders'), '0 0 0', 'exact');

# What triggers do not see
sql("SET session_replication_role = replica; DELETE FROM shop.orders WHERE buyer = 50");
as('alice', 'SELECT crm_refresh(full => true)');
is(difference('crm', 'shop.orders'), '0 0 0', 'full => true takes in what was written with triggers off');
sql('ALTER TABLE shop.orders DISABLE TRIGGER USER');
sql('DELETE FROM shop.orders WHERE buyer = 51');
sql('ALTER TABLE shop.orders ENABLE TRIGGER USER');
as('alice', 'SELECT crm_refresh()');
is(difference('crm', 'shop.orders'), '0 0 0', 'triggers switched off and on again between two refreshes: noticed');

# ------------------------------------------------------------------ concurrency

my ($one, $two, $reader) = map { session($node) } 1 .. 3;
run_in($_, 'SET ROLE writer') for $one, $two;
run_in($one, "BEGIN; INSERT INTO shop.orders (buyer, at, total) VALUES (7, '2025-02-01', 1), (8, '2025-02-01', 1)");
is(run_in($two, "BEGIN; INSERT INTO shop.orders (buyer, at, total) VALUES (7, '2025-02-02', 2), (8, '2025-02-02', 2); COMMIT"), '', 'writers to one customer do not wait for each other');
as('alice', 'SELECT crm_refresh()');
is(difference('crm', 'shop.orders'), '0 0 0', 'nor does a refresh wait for a writer; what is not committed is not in it');
run_in($one, 'COMMIT');
as('alice', 'SELECT crm_refresh()');
is(difference('crm', 'shop.orders'), '0 0 0', 'committed, the next has it');

run_in($_, 'RESET ROLE; SET ROLE alice') for $one, $two;
run_in($reader, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
my $figures = "SELECT (SELECT sum(spend) FROM crm.customers), (SELECT k FROM crm.kpis k), (SELECT sum(revenue) FROM crm.segments)";
my $seen = run_in($reader, $figures);
sql('UPDATE shop.orders SET total = total + 1000 WHERE buyer = 9');
run_in($one, 'BEGIN; SELECT crm_refresh()');
is(sql($figures), $seen, 'readers neither wait nor see a refresh that has not committed');
send_sql($two, 'SET client_min_messages = notice; SELECT crm_refresh()');
ok(!is_done($two, 1), 'a second refresh waits for the first');
like($two->{err}, qr/NOTICE:.*another refresh of workspace "crm" is under way/, 'and says so');
is(as('writer', "INSERT INTO shop.orders (buyer, at, total) VALUES (9, '2025-02-03', 1)"), '', 'writers do not');
run_in($one, 'COMMIT');
ok(is_done($two, 30), 'then it is its turn');
unlike($two->{err}, qr/ERROR/, 'without an error');
is(difference('crm', 'shop.orders'), '0 0 0', 'and has what was written meanwhile');
is(run_in($reader, $figures), $seen, 'an older snapshot sees what it saw');
run_in($reader, 'COMMIT');
isnt(run_in($reader, $figures), $seen, 'a new one the new figures');
for my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
	run_in($one, "BEGIN ISOLATION LEVEL $level");
	is(run_in($one, 'SELECT crm_refresh()'), '25001', "no refresh under $level");
	run_in($one, 'ROLLBACK');
	is(run_in($one, "BEGIN ISOLATION LEVEL $level; SELECT crm_attach('shop.orders', 'buyer', 'at', workspace => 'x')"), '25001', 'no attach either');
	run_in($one, 'ROLLBACK');
}
run_in($one, "BEGIN; SELECT crm_refresh(full => true); ROLLBACK");
is(difference('crm', 'shop.orders'), '0 0 0', 'a refresh rolled back leaves everything as it was');

# Attach waits for writers under way and has what they wrote.
run_in($two, "RESET ROLE; SET ROLE writer");
run_in($two, "BEGIN; INSERT INTO shop.orders (buyer, at, total) VALUES (11, '2025-02-01', 1)");
send_sql($one, "SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', workspace => 'w_waits')");
ok(!is_done($one, 0.5), 'attach waits for writers');
run_in($two, 'COMMIT');
ok(is_done($one, 30), 'until they commit');
is(difference('w_waits', 'shop.orders'), '0 0 0', 'and has what they wrote');
end_session($_) for $one, $two, $reader;

# ------------------------------------------------------------------ writers, refreshes, crashes

is(as('alice', "SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', workspace => 'w_log')"), '', 'attached');
as('alice', "SELECT crm_refresh('w_log')") for 1 .. 3;
$node->stop('immediate');
$node->start;
is(as('alice', "SELECT crm_refresh('w_log')"), '', 'a refresh after a crash soon after attaching');
is(sql('SELECT max(id) = count(*) AND count(*) > 1 FROM w_log.refresh_log'), 't', 'the log goes on');    # a commit not yet written may be lost
as('alice', "SELECT crm_detach('w_log')");

append_to_file($node->basedir . '/write.sql', <<'END');
\set buyer random(1, 2200)
\set other random(1, 2200)
\set what random(1, 10)
SET ROLE writer;
\if :what <= 4
INSERT INTO shop.orders (buyer, at, total) VALUES (:buyer, date '2023-01-01' + :other % 1000, :what), (nullif(:other % 50, 0), '2025-01-01', 1);
\elif :what <= 6
UPDATE shop.orders SET total = total + 1 WHERE buyer = :buyer;
\elif :what = 7
UPDATE shop.orders SET buyer = :other WHERE buyer = :buyer;
\elif :what <= 9
DELETE FROM shop.orders WHERE id IN (SELECT id FROM shop.orders WHERE buyer = :buyer LIMIT 2);
\else
BEGIN; DELETE FROM shop.orders WHERE buyer = :buyer; ROLLBACK;
\endif
END
append_to_file($node->basedir . '/refresh.sql', "SET ROLE alice;\nSELECT crm_refresh('crm', refit => false);\n");
append_to_file($node->basedir . '/attach.sql', "SET ROLE alice;\nSELECT crm_attach('shop.orders', 'buyer', 'at', 'total', workspace => 'w_crash');\nSELECT crm_detach('w_crash');\n");

sub bench
{
	my ($script, $clients, $seconds) = @_;
	my %b = (out => '');
	$b{run} = IPC::Run::start(
		[ 'pgbench', '-n', '-c', $clients, '-T', $seconds, '-f', $node->basedir . "/$script.sql", '-h', $node->host, '-p', $node->port, 'postgres' ],
		'>', \$b{out}, '2>&1');
	return \%b;
}

my @writers = (bench('write', 4, 5), bench('refresh', 2, 5));
$_->{run}->finish for @writers;
like($writers[1]{out}, qr/number of transactions actually processed: [1-9]/, 'refreshes while four clients write');
unlike($_->{out}, qr/ERROR|aborted/, 'no error, no deadlock') for @writers;
as('alice', 'SELECT crm_refresh(); SELECT crm_refresh(\'w_waits\')');
is(difference('crm', 'shop.orders'), '0 0 0', 'the last one is exact, the counts of rows too');
is(difference('w_waits', 'shop.orders'), '0 0 0', 'and a workspace that was not refreshed meanwhile');
is(sql('SELECT count(*) FROM crm.changed_customers'), '0', 'nothing is left over');

my $in_the_middle = 0;
for my $round (1 .. 8)
{
	@writers = (bench('write', 3, 30), bench('refresh', 1, 30), bench('attach', 1, 30));
	sleep 0.3 + 0.17 * $round;
	$in_the_middle += sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ 'crm_refresh|crm_attach' AND pid <> pg_backend_pid()");
	$node->stop('immediate');
	$_->{run}->finish for @writers;
	$node->start;
	is(as('alice', 'SELECT crm_refresh()'), '', "crash $round: a refresh succeeds");
	is(difference('crm', 'shop.orders'), '0 0 0', "crash $round: and is exact");
	my $half = sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'w_crash'");
	as('alice', "SELECT crm_refresh('w_crash'); SELECT crm_detach('w_crash')") if $half;
	is(sql("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%w_crash' UNION ALL SELECT count(*) FROM pg_namespace WHERE nspname = 'w_crash'"), "0\n0", 'an attach is whole or not there');
}
cmp_ok($in_the_middle, '>', 3, 'most crashes were in the middle of something');

# ------------------------------------------------------------------ dump and restore

sql('INSERT INTO shop.orders (buyer, at, total) SELECT 9000, \'2025-05-05\', 1');
$node->safe_psql('postgres', "ALTER SCHEMA crm RENAME TO \"my crm\"");
my @views = split /\n/, sql("SELECT relname FROM pg_class WHERE relnamespace = '\"my crm\"'::regnamespace AND relkind = 'v' AND relname <> 'status' ORDER BY 1");
my $all = join ' UNION ALL ', map { "SELECT '$_', count(*), md5(string_agg(v::text, ',' ORDER BY v::text)) FROM \"my crm\".$_ v" } @views;
my $figures_of = sub { return sql($all, $_[0]) };
my $catalog = <<'END';
SELECT relname, relacl::text, reloptions::text, obj_description(oid), (SELECT string_agg(col_description(oid, attnum), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = oid)
FROM pg_class WHERE relnamespace = '"my crm"'::regnamespace AND relkind IN ('r', 'v') ORDER BY relname
END
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $node->basedir . '/dump', '-d', $node->connstr('postgres') ], 'pg_dump');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), $node->basedir . '/dump' ], 'pg_restore');
is($figures_of->('restored'), $figures_of->('postgres'), 'a restored workspace gives the same views');
is(sql($catalog, 'restored'), sql($catalog), 'with comments, grants and storage options');
sql("SET ROLE writer; INSERT INTO shop.orders (buyer, at, total) VALUES (9001, '2025-01-01', 1)", 'restored');
sql("SET ROLE alice; SELECT crm_refresh('my crm')", 'restored');
is(difference('"my crm"', 'shop.orders', 'restored'), '0 0 0', 'its refresh is exact, with what the old queue held');
is(sql('SELECT last_kind FROM "my crm".status', 'restored'), 'full', 'once a rebuild');
sql("SET ROLE writer; DELETE FROM shop.orders WHERE buyer = 77", 'restored');
sql("SET ROLE alice; SELECT crm_refresh('my crm')", 'restored');
is(sql('SELECT last_kind FROM "my crm".status', 'restored'), 'incremental', 'then incremental, as ever');
is(difference('"my crm"', 'shop.orders', 'restored'), '0 0 0', 'and exact');
sql("SET ROLE alice; SELECT crm_detach('my crm')", 'restored');
is(sql("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'capture%crm'", 'restored'), '0', 'and can be detached');

# The exit: histories outlive the extension as text.
is(sql("CREATE TABLE kept AS SELECT customer_id, history::text AS history FROM w_waits.customer_history; DROP EXTENSION crm_ext CASCADE; SELECT count(*) > 1000, min(history) ~ '^2\\d\\d\\d-' FROM kept", 'restored'),
	't|t', 'history::text outlives DROP EXTENSION CASCADE');
is(sql("INSERT INTO shop.orders (buyer, at, total) VALUES (9002, '2025-01-01', 1) RETURNING buyer", 'restored'), '9002', 'and the source can still be written to');

$node->stop;
done_testing();
