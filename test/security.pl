# What an unprivileged or hostile user can do with the extension: nothing but get answers.
use strict;
use warnings;
use Calls;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $calls_each = $ENV{CRM_CALLS} || 25;
my $node = PostgreSQL::Test::Cluster->new('security');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
jit = off
client_min_messages = error
log_min_duration_statement = 20000
log_temp_files = -1
temp_file_limit = 1GB
END
$node->start;

sub sql { return $node->safe_psql($_[1] // 'postgres', $_[0]) }

# ------------------------------------------------------------------ any value, for PUBLIC

sql(<<'END');
CREATE EXTENSION crm_ext;
CREATE ROLE anybody LOGIN;
CREATE ROLE attacher LOGIN;
GRANT CREATE ON DATABASE postgres TO attacher;
CREATE SCHEMA shop AUTHORIZATION attacher;
SET ROLE attacher;
CREATE TABLE shop.orders (id int PRIMARY KEY, buyer int, at date, total numeric);
INSERT INTO shop.orders SELECT i, i % 20, date '2024-01-01' + i, i FROM generate_series(1, 200) AS i;
CREATE VIEW shop.seen AS SELECT buyer, at, total FROM shop.orders;
GRANT USAGE ON SCHEMA shop TO anybody;
GRANT SELECT ON shop.orders TO anybody;
END

sub read_types
{
	my %types;
	for (split /\n/, sql(<<'END'))
SELECT t.oid, format_type(t.oid, NULL), CASE WHEN t.typlen = -1 AND t.typsubscript = 'array_subscript_handler'::regproc THEN t.typelem ELSE 0 END,
	t.typarray, CASE WHEN t.typtype = 'p' AND t.typname ~ '^any' THEN CASE WHEN t.typname ~ 'array' THEN 'array' ELSE 'element' END ELSE '' END,
	t.typname,
	(SELECT string_agg(a.atttypid::text, ',' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND t.typtype = 'c'),
	(SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
FROM pg_type t
END
	{
		my ($oid, $name, $elem, $array, $any, $short, $attributes, $labels) = split /\|/, $_, -1;
		$types{$oid} = { name => $elem || !exists $Calls::values{$short} ? $name : $short, elem => $elem, array => $array, any => $any,
			attributes => [ split /,/, $attributes ], labels => [ split /,/, $labels ], short => $short };
	}
	return \%types;
}

# Members that PUBLIC may execute, but for those that SQL cannot call.
sub read_functions
{
	return map {
		my ($name, $kind, $args, $set, $result, $signature, $makes_member) = split /\|/, $_, -1;
		{ name => $name, kind => $kind, args => [ split / /, $args ], set => $set eq 't', result => $result, signature => $signature, makes_member => $makes_member eq 't' }
	} split /\n/, sql(<<'END');
SELECT p.oid::regproc, p.prokind, p.proargtypes, p.proretset, p.prorettype, p.oid::regprocedure, m.objid IS NOT NULL
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'crm_ext'
	LEFT JOIN pg_depend m ON m.classid = 'pg_type'::regclass AND m.objid = p.prorettype AND m.deptype = 'e' AND m.refobjid = e.oid
WHERE has_function_privilege('anybody', p.oid, 'EXECUTE')
	AND NOT p.proargtypes::oid[] && ARRAY['internal', 'trigger', 'event_trigger']::regtype[]::oid[]
	AND p.prorettype <> ALL (ARRAY['internal', 'trigger', 'event_trigger']::regtype[])
ORDER BY (m.objid IS NOT NULL) DESC, p.oid
END
}

# Runs the statements as a role, each within the timeout; the errors as (SQLSTATE, message, place, statement).
sub run_all
{
	my ($role, @statements) = @_;
	my ($out, $err) = ('', '');
	my $script = "SET ROLE $role; SET search_path = public; SET statement_timeout = '500ms';\n" . join '', map { "$_;\n" } @statements;
	$script .= "\\echo reached the end\n";
	eval { IPC::Run::run([ 'psql', '-X', '-A', '-t', '-q', '-v', 'ECHO=errors', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres') ],
		'<', \$script, '>', \$out, '2>', \$err, IPC::Run::timeout(20 + $calls_each / 2)) };
	if ($@)
	{
		$err .= sql("SELECT query FROM pg_stat_activity WHERE state = 'active' AND query !~ 'pg_stat_activity'");
		$node->stop('immediate');
		$node->start;
	}
	my @errors;
	for (split /^(?=(?:ERROR|FATAL|PANIC):  )/m, $err)
	{
		next unless /^(ERROR|FATAL|PANIC):\s+(\w{5}): (.*)/;
		my ($state, $message) = ($2, $3);
		push @errors, { state => $state, message => $message,
			place => /^LOCATION:\s+(.*)/m ? $1 : '', statement => /^STATEMENT:\s+(.*)/ms ? $1 : '' };
	}
	return ($out, $err, @errors);
}

# An error is clean when its class says that an argument, a name or a right was at fault, or the timeout.
my $clean = qr/^(?:22...|0A000|21000|25001|3F000|42...|53400|5400[01]|55000|57014|23...)$/;

sub call_everything
{
	my ($role, $calls, @functions) = @_;
	my (%bad, %seen, $done, $answered);
	for my $function (@functions)
	{
		my @statements = map { $calls->statement($function) } 1 .. $calls_each;
		@statements = map { "BEGIN; $_; ROLLBACK" } @statements if $function->{signature} =~ /^"?crm_(?:attach|detach|refresh)/;
		my ($out, $err, @errors) = run_all($role, @statements);
		$done += @statements;
		$answered += @statements - @errors;
		$seen{ $_->{state} }++ for @errors;
		my $lost = $out !~ /^reached the end$/m;
		my @wrong = map { "$_->{state} $_->{message} ($_->{place}): " . substr($_->{statement}, 0, 1000) }
		  grep { $_->{state} !~ $clean } @errors;
		push @wrong, "the connection was lost: " . substr($err, -2000) if $lost;
		$bad{ $function->{signature} } = \@wrong if @wrong;
		my $short = $calls->{types}{ $function->{result} }{name};
		if ($function->{makes_member})
		{
			my $kept = $calls->{harvest}{$short} //= [];
			my %have = map { $_ => 1 } @$kept;
			push @$kept, grep { length && length($_) < 2000 && !/^reached|^(?:t|f|\d+)$/ && @$kept < 40 && !$have{$_}++ } split /\n/, $out;
		}
		if ($lost) { $node->poll_query_until('postgres', 'SELECT true') }
	}
	return (\%bad, \%seen, $done, $answered);
}

my $types = read_types();
my $calls = Calls->new(seed => $ENV{CRM_SEED} || 1, types => $types, oid_of => { map { $types->{$_}{short} => $_ } keys %$types });
my @functions = read_functions();
cmp_ok(scalar @functions, '>', 200, 'functions of the extension that PUBLIC may call');
for my $role ('anybody', 'anybody', 'attacher')
{
	my @these = $role eq 'anybody' ? @functions : grep { $_->{signature} =~ /^"?crm_/ } @functions;
	my ($bad, $seen, $done, $answered) = call_everything($role, $calls, @these);
	is(scalar keys %$bad, 0, "$role: no call crashes, ends in an internal error or cannot be stopped");
	for my $function (sort keys %$bad)
	{
		diag("$function: $_") for @{ $bad->{$function} }[ 0 .. ($#{ $bad->{$function} } > 1 ? 1 : $#{ $bad->{$function} }) ];
	}
	# most of what the attacher calls wants a workspace of a name that garbage seldom hits
	cmp_ok($answered, '>', $done / ($role eq 'attacher' ? 40 : 5), "$role: a good share of the calls answers");
	note("$done calls, $answered answered, ", join ' ', map { "$_ $seen->{$_}" } sort keys %$seen);
}
my $log = slurp_file($node->logfile);
unlike($log, qr/TRAP:|was terminated by signal/, 'the server never went down');
unlike($log, qr/duration: \d+\.\d+ ms  statement: SELECT /, 'and what took long let itself be cancelled');

$node->stop;
done_testing();
