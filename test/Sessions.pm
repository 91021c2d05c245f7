# Sessions that stay open beside each other: send a statement, wait for its end or leave it
# waiting; and the comparison of a workspace with its source, which is what a refresh must keep.
package Sessions;
use strict;
use warnings;
use Exporter 'import';
use IPC::Run;
use Time::HiRes qw(sleep time);
our @EXPORT = qw(session send_sql is_done run_in end_session difference_sql);

sub session
{
	my ($node, $database) = @_;
	my %s = (in => '', out => '', err => '', n => 0);
	$s{run} = IPC::Run::start(
		[ 'psql', '-X', '-A', '-t', '-q', '-d', $node->connstr($database // 'postgres'), '-v', 'VERBOSITY=verbose' ],
		'<', \$s{in}, '>', \$s{out}, '2>', \$s{err});
	return \%s;
}

sub send_sql
{
	my ($s, $query) = @_;
	$s->{out} = '';
	$s->{err} = '';
	$s->{n}++;
	$s->{in} .= "$query;\n\\echo done $s->{n}\n";
	$s->{run}->pump_nb;
}

# Whether what was sent has ended, be it with an error, within so many seconds.
sub is_done
{
	my ($s, $seconds) = @_;
	my $until = time + $seconds;
	while (time < $until)
	{
		eval { $s->{run}->pump_nb };
		return 1 if $s->{out} =~ s/^done $s->{n}$//m;
		return 0 if !$s->{run}->pumpable;
		sleep 0.01;
	}
	return 0;
}

# The answer, or the SQLSTATE of an error.
sub run_in
{
	my ($s, $query, $seconds) = @_;
	send_sql($s, $query);
	is_done($s, $seconds // 180) or die "no answer to: $query\n$s->{err}";
	return ($s->{err} =~ /(?:ERROR|FATAL):\s+(\w{5})/) ? $1 : $s->{out} =~ s/\s+$//r;
}

sub end_session
{
	my ($s) = @_;
	$s->{in} .= "\\q\n";
	eval { $s->{run}->finish };
}

# Histories that differ from GROUP BY over (buyer, at, total), then counts of rows that differ
# from count(*): '0 0 0' where a refresh was exact.
sub difference_sql
{
	my ($workspace, $source) = @_;
	return <<"END";
SELECT (SELECT count(*) FROM $workspace.customer_history h
	FULL JOIN (SELECT buyer, history_agg(at, total) AS g FROM $source WHERE buyer IS NOT NULL GROUP BY 1) q ON q.buyer = h.customer_id
	WHERE (history = g) IS NOT TRUE)
	|| ' ' || (SELECT rows_seen - (SELECT count(*) FROM $source) FROM $workspace.status)
	|| ' ' || (SELECT rows_without_customer - (SELECT count(*) - count(buyer) FROM $source) FROM $workspace.status)
END
}

1;
