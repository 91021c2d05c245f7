# coverage.pl FOLDER LEAST [LIST]: line coverage of FOLDER/src from the .gcda files there.
#
# Not counted are lines that cannot be reached: elog(ERROR), which by the house style stands
# for the impossible, and the statement or block that follows a comment
#     /* not reached: why */
# Should such a line be executed after all, that is an error.
use strict;
use warnings;
use File::Find;
use JSON::PP;

my ($folder, $least, $list) = @ARGV;
chdir $folder or die "$folder: $!\n";

my %count;    # file => { line => executions }, a header's from all that include it
my @notes;
find({ no_chdir => 1, wanted => sub { push @notes, $_ if /\.gcno$/ } }, 'src');
for my $note (sort @notes)
{
	open my $gcov, '-|', 'gcov', '--json-format', '--stdout', $note or die "gcov: $!\n";
	my $text = do { local $/; <$gcov> };
	close $gcov;
	for my $file (@{ decode_json($text)->{files} })
	{
		my $name = $file->{file} =~ s{^\Q$folder\E/}{}r;
		next unless $name =~ m{^src/};
		$count{$name}{ $_->{line_number} } += $_->{count} for @{ $file->{lines} };
	}
}
die "nothing was built with --coverage below $folder\n" unless %count;

# The lines of a file that cannot be reached: line => why.
sub unreachable
{
	my ($name) = @_;
	open my $in, '<', $name or die "$name: $!\n";
	my @text = map { s{"(?:[^"\\]|\\.)*"}{""}gr } <$in>;
	my (%why, $reason);
	my ($depth, $inside) = (0, 0);
	for my $i (0 .. $#text)
	{
		my $line = $text[$i];
		if (!$inside)
		{
			if ($line =~ m{/\* not reached: (.*?)\s*(?:\*/|$)}) { ($reason, $inside, $depth) = ($1, 1, 0); next if $line =~ m{^\s*/\*} }
			elsif ($line =~ /\belog\(ERROR\b|\bpg_unreachable\(/) { ($reason, $inside, $depth) = ('elog', 1, 0) }
			else { next }
		}
		my $code = $line =~ s{/\*.*?(?:\*/|$)}{}gr;
		$why{ $i + 1 } = $reason;
		$depth += () = $code =~ /[({]/g;
		$depth -= () = $code =~ /[)}]/g;
		$inside = 0 if $depth <= 0 && $code =~ /[;}]\s*$/;
	}
	return \%why;
}

my ($covered, $lines, @reached) = (0, 0);
printf "%-34s %6s %8s\n", 'file', 'lines', 'covered';
for my $name (sort keys %count)
{
	my $why = unreachable($name);
	my ($here, $hit, @missed) = (0, 0);
	for my $line (sort { $a <=> $b } keys %{ $count{$name} })
	{
		if (exists $why->{$line})
		{
			push @reached, "$name:$line ($why->{$line})" if $count{$name}{$line} && $why->{$line} ne 'elog';
			next;
		}
		$here++;
		if ($count{$name}{$line}) { $hit++ }
		else { push @missed, $line }
	}
	$covered += $hit;
	$lines += $here;
	printf "%-34s %6d %7.1f %%\n", $name, $here, 100 * $hit / $here if $here;
	print "    not covered: @missed\n" if $list && @missed;
}
printf "%-34s %6d %7.2f %%\n", 'src/ in total', $lines, 100 * $covered / $lines;
print "called out of reach, but executed: $_\n" for @reached;
exit(@reached || 100 * $covered < $least * $lines ? 1 : 0);
