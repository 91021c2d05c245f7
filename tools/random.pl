# random.pl STATEMENTS <server.log: judges a run of make check-random. With --count it only says
# how many statements were run.
#
# The log has a line "... LOG:  00000: statement: ..." for each statement and, for what failed,
# "... ERROR:  SQLSTATE: message" with its LOCATION and STATEMENT (log_error_verbosity = verbose).
use strict;
use warnings;

# Internal errors that core raises by itself: function and file, and a statement that does it. They pass only where
# that statement does it here too, in a database without the extension, and where the backtrace that the server
# logs for these functions (--functions: the list for backtrace_functions) has neither our library in it nor
# plpgsql, in which the bodies of our workspaces are written. Every other internal error fails the run.
my %of_core = (
	# a value of type unknown that is no literal is taken to be coercible to anything
	'coerce_type, parse_coerce.c' => "SELECT upper(unknownin('x'))",
	# the final functions of regr_avgx and its like take any array for the state of an aggregate
	'check_float8_array, float.c' => "SELECT pg_catalog.float8_regr_avgx('{1}')",
	# interval(interval, integer) takes any number for a typmod: at run time, and while it is planned
	'AdjustIntervalForTypmod, timestamp.c' => "SELECT pg_catalog.interval(interval '1 day', 35)",
	'intervaltypmodleastfield, timestamp.c' =>
	  'SELECT pg_catalog.interval(t.v, 35) FROM (SELECT i * interval \'1 day\' AS v FROM generate_series(1, 2) AS i OFFSET 0) AS t',
);
if ($ARGV[0] eq '--functions')
{
	print join(',', map { /(\w+)/ } sort keys %of_core), "\n";
	exit;
}

my ($least) = @ARGV;
my (%state, %internal, @wrong, $entry);
my ($statements, $ours, $answered) = (0, 0, 0);
my $names = $least eq '--count' ? '' : join '|', sort { length $b <=> length $a } map { "\Q$_\E" } split /\n/, `psql -XAt -d crm -c "SELECT DISTINCT p.proname FROM pg_proc p
	JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'crm_ext'"`;
die "no function of the extension is known\n" unless $names || $least eq '--count';

# Whether the statement for that place raises its error in the database postgres.
my %tried;
sub is_of_core
{
	my ($where) = @_;
	return $tried{$where} //= do
	{
		local $ENV{PGOPTIONS} = '-c client_min_messages=error';
		open my $psql, '-|', 'psql -X -d postgres -v VERBOSITY=verbose -f - 2>&1 <<\'END\'' . "\n$of_core{$where};\nEND\n" or die "cannot run psql: $!\n";
		my $answer = do { local $/; <$psql> };
		close $psql;
		$answer =~ /ERROR:  XX000: .*LOCATION:  \Q$where\E:/s ? 1 : 0;
	};
}

sub end_of_entry
{
	return unless defined $entry;
	my $text = $entry;
	undef $entry;
	if ($text =~ /LOG:  00000: (?:statement|execute[^:]*): (.*)/s)
	{
		my $statement = $1;
		return if $statement !~ /^\s*(?:select|insert|update|delete|merge|with)\b/i || $statement =~ /from pg_|information_schema\.\w+\s*;?$/i && length $statement < 1500 && $statement !~ /subq_/;
		$statements++;
		return if $least eq '--count';
		$ours++ if $statement =~ /\b(?:$names)\s*\(/o;
	}
	elsif ($text =~ /(?:ERROR|FATAL|PANIC):  (\w{5}): ([^\n]*)/)
	{
		my ($state, $message) = ($1, $2);
		$state{$state}++;
		return if $least eq '--count' || $state !~ /^XX/;
		my ($place) = $text =~ /LOCATION:  ([^\n]*)/;
		(my $where = $place // '') =~ s/:\d+$//;
		my $verdict = !$of_core{$where} ? 'unknown'
		  : $text !~ /BACKTRACE:/ ? 'without a backtrace'
		  : $text =~ m{crm_ext\.so|plpgsql\.so} ? 'below our code'
		  : !is_of_core($where) ? 'not so without the extension'
		  : 'of core';
		$internal{"$verdict: $state $message ($place)"} //= $text;
	}
	elsif ($text =~ /LOG:  00000: duration: (\d+)\.\d+ ms/) { push @wrong, "ran for $1 ms:\n$text" }
	elsif ($text =~ /TRAP:|terminated by signal|server process .* exited/) { push @wrong, $text }
}

while (my $line = <STDIN>)
{
	if ($line =~ /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \S+ \[\d+\] \w{5} (?:LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO):/) { end_of_entry(); $entry = $line }
	elsif (defined $entry) { $entry .= $line }
}
end_of_entry();
print("$statements\n"), exit if $least eq '--count';

printf "%d statements, %d of them call the extension\n", $statements, $ours;
print 'errors by SQLSTATE: ', join(' ', map { "$_ $state{$_}" } sort keys %state), "\n";
for my $error (sort keys %internal)
{
	print "internal error: $error\n";
	push @wrong, $internal{$error} if $error !~ /^of core:/;
}
push @wrong, "only $statements statements of $least\n" if $statements < $least;
push @wrong, "only $ours statements called the extension\n" if $ours < $statements / 4;
print "WRONG: ", substr($_, 0, 3000), "\n" for @wrong > 10 ? @wrong[ 0 .. 9 ] : @wrong;
printf "%d passed, %d failed\n", @wrong ? 0 : 1, scalar @wrong;
exit(@wrong ? 1 : 0);
