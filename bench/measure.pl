# measure.pl: runs what bench/rooms/*.pl list, interleaved, and prints ratios of medians.
#
# A room's file returns { sql => {NAME => QUERY or {set, sql, per, once}}, duckdb => {NAME => QUERY},
# lifetimes => {NAME => QUESTION of lifetimes.py}, lines => [[TEXT, OP, FLOOR, NAME, PEER]...], facts => [[TEXT, SQL]...] }; names may be of any room.
# OP 'at most': NAME takes at most FLOOR times PEER. 'faster': PEER takes at least FLOOR times
# NAME. A CODE in the place of NAME or PEER gets the medians. A line misses when it is off by
# more than 5 %. PostgreSQL is measured by the CPU time of its backend, peers by the clock.
#
# One short measurement says little, and a machine shared with others is slow for seconds at a
# time: what takes less than a second runs several times a round, and a short peer of PostgreSQL's own
# (R, S) is measured once more beside each time of a query compared with it; these medians
# make the ratio. What only reads, for less than a second, is asked once before it is measured: else
# the first query after others would pay for what those put out of the caches.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use IPC::Open2;
use List::Util qw(min sum);
use Time::HiRes qw(time);

$| = 1;
my $here = abs_path(dirname(__FILE__));
my $tolerance = 0.05;
my $runs = $ENV{RUNS} || 5;
my $minutes = $ENV{MINUTES} || 0;    # no further round that would not end by then; 0: all of them
my $long = 4_000;         # ms: with MINUTES, what takes longer is asked once and needs no warming
my $patience = $minutes ? $long : 30_000;    # ms: what takes a peer longer is asked once
my $short = 1_000;        # ms: what takes less is warmed in each round, then repeated until it has taken so much,
my $repeats = 7;          # at most so often
my $near = 2_000;         # ms: a peer that takes less is measured beside each time of what is compared with it
my (%sql, %duck, %lifetimes, @lines, @facts, %ms, %beside, %paired);

read_rooms();
my ($to_psql, $from_psql, $backend);
start_psql('bench');
my ($to_duck, $from_duck) = start_peer('DuckDB', \%duck, $ENV{DUCKDB}, 'node', "$here/duckdb.mjs", $ENV{DUCKDB}, $ENV{ORDERS_CSV});
my ($to_lifetimes, $from_lifetimes) = start_peer('lifetimes', \%lifetimes, $ENV{PYTHON}, $ENV{PYTHON}, "$here/lifetimes.py", $ENV{STATISTICS_CSV});
run_all();
printf "%s orders of %s customers, %d runs, medians; CPU of the backend by %s\n\n",
  ask('SELECT count(*) FROM orders;'), ask('SELECT count(*) FROM stored;'), $runs, clock_name();
my $missed = report();
report_growth();
exit $missed;

sub read_rooms
{
	my %wanted = map { $_ => 1 } split ' ', $ENV{ROOMS} // '';
	for my $file (sort glob "$here/rooms/*.pl")
	{
		my $name = basename($file, '.pl');
		next if %wanted && !$wanted{$name} && $name ne 'base';
		my $room = do "$here/rooms/$name.pl" or die "$file: " . ($@ || $!) . "\n";
		%sql = (%sql, %{ $room->{sql} // {} });
		%duck = (%duck, one_line(%{ $room->{duckdb} // {} }));
		%lifetimes = (%lifetimes, %{ $room->{lifetimes} // {} });
		push @lines, @{ $room->{lines} // [] };
		push @facts, @{ $room->{facts} // [] };
	}
	for my $line (@lines)
	{
		my (undef, undef, undef, $ours, $peer) = @$line;
		$beside{$ours}{$peer} = 1 if !ref $ours && !ref $peer && $sql{$peer};
	}
}

sub one_line
{
	my %queries = @_;
	s/\s+/ /g for values %queries;
	return %queries;
}

sub start_psql
{
	my ($database) = @_;
	open2($from_psql, $to_psql, qw(psql -X -A -t -q -v ON_ERROR_STOP=1 -d), $database);
	$backend = ask('SELECT pg_backend_pid();');
}

# One answer, of one line; an error of psql ends it.
sub ask
{
	my ($query) = @_;
	print $to_psql "$query\n\\echo ---\n";
	$to_psql->flush;
	my $answer = '';
	while (defined(my $line = <$from_psql>))
	{
		return $answer if $line eq "---\n";
		chomp($answer = $line);
	}
	die "this failed: $query\n";
}

# A peer reads questions on a line each and answers each by its milliseconds.
sub start_peer
{
	my ($name, $questions, $there, @command) = @_;
	return unless %$questions && $there;
	open2(my $out, my $in, @command);
	my $ready = <$out>;
	return ($in, $out) if defined $ready && $ready eq "ready\n";
	print "skipped: $name (it did not start)\n";
	return;
}

sub clock_name
{
	return -r "/proc/$backend/schedstat" ? 'schedstat' : -r "/proc/$backend/stat" ? 'stat' : 'the clock (no /proc here)';
}

# CPU seconds the backend has used.
sub backend_seconds
{
	if (open my $file, '<', "/proc/$backend/schedstat")
	{
		return (split ' ', <$file>)[0] / 1e9;
	}
	if (open my $file, '<', "/proc/$backend/stat")
	{
		my @fields = split ' ', (<$file> =~ s/.*\) //r);
		return ($fields[11] + $fields[12]) / 100;
	}
	return time;
}

sub measure_sql
{
	my ($name) = @_;
	my $what = ref $sql{$name} ? $sql{$name} : { sql => $sql{$name} };
	ask("SET $what->{set};") if $what->{set};
	my $start = backend_seconds();
	ask("$what->{sql};");
	my $taken = (backend_seconds() - $start) * 1000 / ($what->{per} // 1);
	ask('RESET ALL;') if $what->{set};
	return $taken;
}

# undef when the peer has no answer; it is asked no more then.
sub measure_peer
{
	my ($peer, $to, $from, $questions, $name) = @_;
	print $to "$questions->{$name}\n";
	$to->flush;
	my $answer = <$from> // die "$peer failed: $questions->{$name}\n";
	return $answer + 0 if $answer =~ /^[0-9.]+$/;
	print "$peer, $name: $answer";
	delete $questions->{$name};
	return;
}

# Whether asking twice asks the same.
sub only_reads
{
	my ($name) = @_;
	my $query = ref $sql{$name} ? $sql{$name}{sql} : $sql{$name};
	return $query =~ /^(?:SELECT|WITH)\b/ && $query !~ /\bcrm_(?:attach|detach|refresh)\b/;
}

# A query's times of one round, each with those of its short peers beside it. %$quick remembers
# what short queries took.
sub measure_round
{
	my ($name, $taken, $quick) = @_;
	my $per = ref $sql{$name} ? $sql{$name}{per} // 1 : 1;
	my $reads = only_reads($name);
	my $times = $reads ? $repeats : 1;
	my @peers = grep { $quick->{$_} } sort keys %{ $beside{$name} // {} };
	my @counted = measure_sql($name);
	$counted[0] = measure_sql($name) if $reads && $counted[0] * $per < $short;    # the first one warmed it
	measure_beside($name, $taken, @peers);
	while (@counted < $times && sum(@counted) * $per < $short)
	{
		push @counted, measure_sql($name);
		measure_beside($name, $taken, @peers);
	}
	push @{ $taken->{$name} }, @counted;
	$quick->{$name} = $reads && $counted[-1] * $per < $near;
}

sub measure_beside
{
	my ($name, $taken, @peers) = @_;
	for my $peer (@peers)
	{
		my $time = measure_sql($peer);
		push @{ $taken->{$peer} }, $time;
		push @{ $paired{$name}{$peer} }, $time if $taken == \%ms;
	}
}

sub run_sql
{
	my ($round, $taken, $quick) = @_;
	my %warm;
	for my $name (sort keys %sql)
	{
		my $once = $minutes && (only_reads($name) || (ref $sql{$name} && $sql{$name}{once}));
		next if $once && $round > 0 && $taken->{$name} && $taken->{$name}[0] > $long;
		measure_round($name, $round > 0 ? $taken : \%warm, $quick);
		$taken->{$name} = $warm{$name} if $once && $round == 0 && $warm{$name}[0] > $long;
	}
}

# A first round warms everything and is not counted.
sub run_all
{
	my ($began, $last) = (time, time);
	my %quick;
	for my $round (0 .. $runs)
	{
		my $took = time - $last;
		$last = time;
		if ($minutes && $round > 1 && $last + $took > $began + 60 * $minutes)
		{
			$runs = $round - 1;
			last;
		}
		print STDERR "round $round of $runs\r" if -t STDERR;
		run_sql($round, \%ms, \%quick);
		for (['DuckDB', $to_duck, $from_duck, \%duck], ['lifetimes', $to_lifetimes, $from_lifetimes, \%lifetimes])
		{
			my ($peer, $to, $from, $questions) = @$_;
			for my $name ($to ? sort keys %$questions : ())
			{
				my $taken = measure_peer($peer, $to, $from, $questions, $name) // next;
				my $once = $taken > $patience;
				push @{ $ms{$name} }, $taken if $round > 0 || $once;
				delete $questions->{$name} if $once;
			}
		}
	}
}

sub median
{
	my @sorted = sort { $a <=> $b } @{ $_[0] };
	return ($sorted[$#sorted / 2] + $sorted[(@sorted) / 2]) / 2;
}

sub report
{
	my %median = map { $_ => median($ms{$_}) } keys %ms;
	my $missed = 0;
	my $value = sub { ref $_[0] ? $_[0]->(\%median) : $median{ $_[0] } };
	for my $name (sort keys %median)
	{
		printf "%-28s %9.1f ms  (%.0f - %.0f)\n", $name, $median{$name}, (sort { $a <=> $b } @{ $ms{$name} })[0, -1];
	}
	print "\n";
	for my $line (@lines)
	{
		my ($text, $op, $floor, $ours, $peer) = @$line;
		my $pairs = !ref $ours && !ref $peer && $paired{$ours}{$peer};
		my ($mine, $theirs) = ($value->($ours), $pairs ? median($pairs) : $value->($peer));
		if (!defined $mine || !defined $theirs)
		{
			printf "%-62s skipped: %s was not measured\n", $text, defined $mine ? $peer : $ours;
			next;
		}
		my $ratio = $op eq 'faster' ? $theirs / $mine : $mine / $theirs;
		my $good = !defined $floor ? undef
		  : $op eq 'faster' ? $ratio >= $floor * (1 - $tolerance) : $ratio <= $floor * (1 + $tolerance);
		$missed++ if defined $good && !$good;
		printf "%-62s %6.2f  %s\n", $text, $ratio,
		  !defined $floor ? '' : sprintf('%s (%s %s)', $good ? 'pass' : 'MISS', $op eq 'faster' ? 'at least' : 'at most', $floor);
	}
	printf "%-62s %6s\n", $_->[0], ask("$_->[1];") for @facts;
	printf "\n%d of %d lines miss\n", $missed, scalar grep { defined $_->[2] } @lines;
	return $missed ? 1 : 0;
}

# What a hundredth and a tenth of the orders take: whatever grows faster than its data shows.
sub report_growth
{
	my (%of, %orders);
	$orders{1} = ask('SELECT count(*) FROM orders;');
	$repeats = 1;
	for my $part (100, 10)
	{
		my %quick;
		start_psql("bench_$part");
		$orders{$part} = ask('SELECT count(*) FROM orders;');
		$of{$part} = {};
		run_sql($_, $of{$part}, \%quick) for 0 .. min($runs, 3);
	}
	printf "\nGrowth: ms of CPU, and the last column as a multiple of the one before\n";
	printf "%-28s %10s %10s %10s\n", 'orders', map { $orders{$_} } 100, 10, 1;
	for my $name (sort keys %sql)
	{
		my @medians = map { median($_->{$name}) } $of{100}, $of{10}, \%ms;
		printf "%-28s %10.1f %10.1f %10.1f %7.1f\n", $name, @medians, $medians[2] / ($medians[1] || 1);
	}
}
