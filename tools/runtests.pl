# runtests.pl [concept ...]: runs the tests below the current folder on the server that the
# environment names (PGHOST, PGUSER), two files at a time, and counts their cases.
#
#   sql/NAME.sql    pg_regress, with expected/NAME.out: one case a file
#   test/NAME.sql   pgTAP, each in a fresh database: one case an assertion
#   test/NAME.pl    TAP (PostgreSQL::Test), with servers of its own: one case an assertion
#   test/NAME.c     unit program, built as unit/NAME, prints TAP: one case a line
#   docs/NAME.md    and README.md: one case an example (doctest.pl)
#
# The last line printed is the count; the exit status is 0 only if something ran and nothing
# failed. Started by tools/check, which prepares all of it.
use strict;
use warnings;
use Cwd qw(getcwd);
use File::Basename qw(basename dirname);
use Time::HiRes qw(time sleep);

$| = 1;
my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
chomp(my $bindir = `$pg_config --bindir`);
chomp(my $pgxs = `$pg_config --pgxs`);
my $pgxs_src = dirname(dirname($pgxs));    # .../pgxs/src
my $regress = "$pgxs_src/test/regress/pg_regress";
my $here = getcwd();
my $out = "$here/out";
my $data = $ENV{CRM_DATA} // '';
my $parent = getppid();
my $jobs_max = $ENV{CRM_TEST_JOBS} || 2;
my $timeout = $ENV{CRM_TEST_TIMEOUT} || 900 + 30 * ($ENV{ROUNDS} || 0);
my %wanted = map { $_ => 1 } @ARGV;
my %total = (passed => 0, failed => 0, skipped => 0);
my %skip_reasons;
my (%running, @failed_files);

mkdir $out;
$SIG{TERM} = $SIG{INT} = $SIG{HUP} = sub { end_running(); exit 143 };

make_template();
run_all(wanted_files());
report();

sub psql_quiet
{
	my ($db, $sql) = @_;
	open my $psql, '-|', "$bindir/psql", '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1',
	  '-d', $db, '-c', $sql
	  or die "cannot run psql: $!\n";
	my $answer = do { local $/; <$psql> };
	close $psql or die "this failed in database $db: $sql\n";
	return $answer;
}

# The databases of pgTAP files and documentation pages are copies of these.
sub make_template
{
	psql_quiet('postgres', "CREATE DATABASE $_") for 'crm_page', 'crm_test';
	psql_quiet('crm_page', 'CREATE EXTENSION crm_ext');
	psql_quiet('crm_test', 'CREATE EXTENSION crm_ext');
	psql_quiet('crm_test', 'CREATE EXTENSION pgtap');
	return unless $ENV{CRM_MOVED};    # make check-moved
	psql_quiet($_, 'CREATE EXTENSION crm_ext_moved') for 'crm_page', 'crm_test';
}

sub is_wanted
{
	my ($name, $exactly) = @_;
	return 1 unless %wanted;
	return scalar grep { $exactly ? $name eq $_ : index($name, $_) == 0 } keys %wanted;
}

# The long ones first, so that two at a time end together.
sub wanted_files
{
	my @files;
	push @files, map { { kind => 'unit', file => $_ } } sort glob('test/*.c') unless ($ENV{CRM_UNIT} // '') eq 'no';
	push @files, map { { kind => 'tap', file => $_ } } sort glob('test/*.pl');
	push @files, map { { kind => 'pgtap', file => $_ } } sort glob('test/*.sql');
	push @files, map { { kind => 'regress', file => $_ } } sort glob('sql/*.sql');
	push @files, map { { kind => 'docs', file => $_ } }
	  grep { slurp($_) =~ /^```sql\s*\n(?!\s*--\s*not run)/m } sort(glob('docs/*.md'), 'README.md');
	for my $test (@files)
	{
		$test->{name} = basename($test->{file}) =~ s/\.\w+$//r;
		($test->{id} = lc "$test->{kind}_$test->{name}") =~ s/\W/_/g;
	}
	my %kinds = map { $_ => 1 } split ' ', $ENV{CRM_TEST_KINDS} || 'unit tap pgtap regress docs';
	return grep { $kinds{ $_->{kind} } && is_wanted($_->{name}, $_->{kind} eq 'docs') } @files;
}

sub run_all
{
	my @waiting = @_;
	while (@waiting || %running)
	{
		start(shift @waiting) while @waiting && keys %running < $jobs_max;
		sleep 0.02;
		end_running(), exit 143 if getppid() != $parent;    # it was killed
		for my $pid (keys %running)
		{
			my $test = $running{$pid};
			if (time - $test->{started} > $timeout)
			{
				$test->{timed_out} = 1;
				kill KILL => -$pid;
			}
			next unless waitpid($pid, 1);    # WNOHANG
			$test->{status} = $?;
			delete $running{$pid};
			finished($test);
		}
	}
}

sub end_running
{
	kill TERM => map { -$_ } keys %running;
	sleep 0.3;
	kill KILL => map { -$_ } keys %running;
}

sub start
{
	my ($test) = @_;
	$test->{started} = time;
	$test->{log} = "$out/$test->{id}.log";
	my $pid = fork() // die "cannot fork: $!\n";
	if ($pid == 0)
	{
		$SIG{$_} = 'DEFAULT' for qw(TERM INT HUP);
		setpgrp(0, 0);
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', $test->{log} or die;
		open STDERR, '>&', \*STDOUT;
		main->can("run_$test->{kind}")->($test);
		exit 126;
	}
	setpgrp($pid, $pid);
	$running{$pid} = $test;
}

sub fresh_database
{
	my ($test, $template) = @_;
	psql_quiet('postgres', "CREATE DATABASE $test->{id} TEMPLATE $template");
}

sub run_pgtap
{
	my ($test) = @_;
	fresh_database($test, 'crm_test');
	exec "$bindir/psql", qw(-X -A -t -q -P pager=off -v ON_ERROR_ROLLBACK=1 -v ON_ERROR_STOP=0),
	  '-v', "crm_data=$data", '-d', $test->{id}, '-f', $test->{file};
}

sub run_docs
{
	my ($test) = @_;
	fresh_database($test, 'crm_page');
	exec $^X, "$here/tools/doctest.pl", '--database', $test->{id}, $test->{file};
}

# pg_regress sets a zone and a date style of its own; ours are those of the other tests.
sub run_regress
{
	my ($test) = @_;
	my $text = slurp($test->{file});
	my @load = $text =~ /^\s*create\s+extension\s+(if\s+not\s+exists\s+)?crm_ext\b/im
	  ? ()
	  : ('--load-extension=crm_ext');
	push @load, '--load-extension=crm_ext_moved' if $ENV{CRM_MOVED};
	delete @ENV{qw(PGTZ PGDATESTYLE)};
	exec $regress, @load, "--bindir=$bindir", "--inputdir=$here", "--outputdir=$out/$test->{id}",
	  "--host=$ENV{PGHOST}", "--user=$ENV{PGUSER}",
	  "--dbname=$test->{id}", '--launcher=env PGTZ=Europe/Berlin PGDATESTYLE=ISO,MDY',
	  $test->{name}
	  if mkdir "$out/$test->{id}";
}

sub run_tap
{
	my ($test) = @_;
	delete @ENV{qw(PGHOST PGUSER PGPORT)};
	$ENV{TESTDIR} = "$out/$test->{id}";
	mkdir $ENV{TESTDIR};
	$ENV{TESTLOGDIR} = "$ENV{TESTDIR}/tmp_check/log";
	$ENV{TESTDATADIR} = "$ENV{TESTDIR}/tmp_check";
	$ENV{PG_REGRESS} = $regress;
	$ENV{top_builddir} = $out;    # port locks go there
	$ENV{PATH} = "$bindir:$ENV{PATH}";
	exec $^X, '-I', "$pgxs_src/test/perl", '-I', "$here/test", $test->{file};
}

sub run_unit
{
	my ($test) = @_;
	exec "$here/unit/$test->{name}";
}

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or return '';
	local $/;
	return scalar(<$in>) // '';
}

# Prints one line for the file, what failed below it, and adds to the total.
sub finished
{
	my ($test) = @_;
	my $seconds = time - $test->{started};
	my $text = slurp($test->{log});
	my $got = $test->{kind} eq 'regress' ? judge_regress($test, $text) : judge_tap($test, $text);
	if ($test->{timed_out})
	{
		$got->{failed}++;
		push @{ $got->{shown} }, "stopped after $timeout s without an end";
	}
	$total{$_} += $got->{$_} for qw(passed failed skipped);
	$skip_reasons{"$test->{file}: $_"} += $got->{reasons}{$_} for keys %{ $got->{reasons} };
	printf "%-7s %-34s %5d passed%s%s %7.1f s\n", $got->{failed} ? 'FAILED' : 'ok', $test->{file},
	  $got->{passed}, $got->{failed} ? ", $got->{failed} failed" : '',
	  $got->{skipped} ? ", $got->{skipped} skipped" : '', $seconds;
	print map { "    $_\n" } @{ $got->{shown} };
	push @failed_files, $test->{file} if $got->{failed};
	system("$bindir/psql", '-X', '-q', '-d', 'postgres', '-c',
		'SET client_min_messages = error', '-c', "DROP DATABASE IF EXISTS $test->{id} WITH (FORCE)")
	  if $test->{kind} =~ /pgtap|docs|regress/;
}

sub judge_regress
{
	my ($test, $text) = @_;
	return { passed => 1, failed => 0, skipped => 0, shown => [] } if $test->{status} == 0;
	my $diff = slurp("$out/$test->{id}/regression.diffs") || $text;
	my @lines = split /\n/, $diff;
	my @shown = @lines > 200 ? (@lines[ 0 .. 199 ], '... ' . (@lines - 200) . ' more lines') : @lines;
	return { passed => 0, failed => 1, skipped => 0, shown => \@shown };
}

# Counts TAP lines. What is not TAP is shown when it says that something went wrong.
sub judge_tap
{
	my ($test, $text) = @_;
	my %got = (passed => 0, failed => 0, skipped => 0, shown => [], reasons => {});
	my ($plan, $seen, $failing) = (undef, 0, 0);
	for my $line (split /\n/, $text)
	{
		if ($line =~ /^1\.\.(\d+)\s*(?:#\s*SKIP\S*\s*(.*))?$/i)
		{
			$plan = $1;
			skipped(\%got, $2 || 'no reason given') if $plan == 0;
		}
		elsif ($line =~ /^(not )?ok\b(.*)/)
		{
			my ($not, $rest) = ($1, $2);
			$seen++;
			$failing = 0;
			if ($rest =~ /#\s*skip\S*\s*(.*)/i) { skipped(\%got, $1) }
			elsif ($rest =~ /#\s*todo\s*(.*)/i) { skipped(\%got, "todo: $1") }
			elsif ($not)
			{
				$got{failed}++;
				$failing = 1;
				push @{ $got{shown} }, $line;
			}
			else { $got{passed}++ }
		}
		elsif ($line =~ /^Bail out!/) { failure(\%got, $line) }
		elsif ($test->{kind} eq 'pgtap' && $line =~ /^psql:.*(?:ERROR|FATAL|PANIC):|^psql: error|invalid command/)
		{
			failure(\%got, "error outside of any assertion: $line");
			$failing = 1;
		}
		elsif ($failing && $line =~ /\S/) { push @{ $got{shown} }, $line }
		elsif ($line =~ /^#/ && $line !~ /^#\s*(Subtest|Looks like you)/ && $test->{kind} ne 'docs')
		{
			push @{ $got{notes} }, $line;
		}
	}
	if (!defined $plan) { failure(\%got, 'no plan: the file died, or it is not a test') }
	elsif ($plan != $seen) { failure(\%got, "planned $plan, ran $seen") }
	elsif ($test->{status} != 0 && !$got{failed})
	{
		failure(\%got, 'died with status ' . ($test->{status} >> 8) . ', signal ' . ($test->{status} & 127));
	}
	if ($got{failed} && $plan && $plan != $seen || !defined $plan)
	{
		my @tail = split /\n/, $text;
		push @{ $got{shown} }, 'its last lines:', @tail > 15 ? @tail[ -15 .. -1 ] : @tail;
		push @{ $got{shown} }, server_log_tail($test) if $test->{kind} eq 'tap';
	}
	return \%got;
}

# What a TAP test's own log says, which its output does not.
sub server_log_tail
{
	my ($test) = @_;
	my $logs = "$out/$test->{id}/tmp_check/log";
	my @lines = split /\n/, slurp("$logs/regress_log_$test->{name}");
	my @ended = grep { /PANIC:|FATAL:|terminated by signal|exited with exit code|runtime error:|Failed process was|shut ?down/ }
	  map { split /\n/, slurp($_) } glob("$logs/$test->{name}_*.log");
	return ((@lines ? ('its log:', @lines > 30 ? @lines[ -30 .. -1 ] : @lines) : ()),
		(@ended ? ('its servers:', @ended > 15 ? @ended[ -15 .. -1 ] : @ended) : ()));
}

sub failure
{
	my ($got, $what) = @_;
	$got->{failed}++;
	push @{ $got->{shown} }, $what;
}

sub skipped
{
	my ($got, $reason) = @_;
	$got->{skipped}++;
	$reason =~ s/^\s*:?\s*//;
	$got->{reasons}{ $reason || 'no reason given' }++;
}

sub report
{
	print "\n";
	printf "skipped: %s (%d)\n", $_, $skip_reasons{$_} for sort keys %skip_reasons;
	print "no test matches: @ARGV\n" unless $total{passed} + $total{failed} + $total{skipped};
	print "failed: @failed_files\n" if @failed_files;
	if (open my $done, '>', "$here/counted") { close $done }
	printf "%d passed, %d failed%s\n", $total{passed}, $total{failed},
	  $total{skipped} ? ", $total{skipped} skipped" : '';
	exit($total{failed} == 0 && $total{passed} > 0 ? 0 : 1);
}
