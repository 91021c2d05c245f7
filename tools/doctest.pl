# doctest.pl --database DB PAGE: runs the examples of a page of documentation in DB, in one
# psql session from top to bottom, and prints TAP: one case for each ```sql block.
#
#   ```sql block                     must raise no error
#   directly followed by ```text     must print exactly that (psql -X -q; trailing blanks aside)
#   first line "-- not run"          is not run
#   after <!-- needs: data -->, or naming :crm_data or crm_data/:  skipped without the data folder
#
# psql runs in the data folder, so that \copy t FROM 'cdnow.csv' CSV HEADER finds its file.
# With --write the page is printed anew, each ```text block with what psql really said.
use strict;
use warnings;
use Cwd qw(abs_path);

my ($write, $database);
while (@ARGV && $ARGV[0] =~ /^--/)
{
	my $option = shift;
	if ($option eq '--write') { $write = 1 }
	elsif ($option eq '--database') { $database = shift }
	else { die "unknown option $option\n" }
}
my $page = shift // die "which page?\n";
my $data = $ENV{CRM_DATA} // '';

open my $in, '<', $page or die "cannot read $page: $!\n";
my @lines = <$in>;
close $in;
my @blocks = blocks_of(@lines);
run_blocks(grep { !$_->{skip} && !$_->{not_run} } @blocks);
$write ? write_page() : print_tap();

# Each ```sql block: its first line's number, its text, and the ```text block that follows
# with nothing but blank lines between.
sub blocks_of
{
	my @found;
	my ($needs_data, $open, $expected_of) = (0, undef, undef);
	for my $i (0 .. $#_)
	{
		my $line = $_[$i];
		if ($open)
		{
			if ($line =~ /^```\s*$/)
			{
				$open->{end} = $i;
				$expected_of = $open->{kind} eq 'sql' ? $open : undef;
				$open = undef;
			}
			elsif ($open->{kind} eq 'sql') { $open->{sql} .= $line }
			elsif ($open->{kind} eq 'text') { $open->{for}{expected} .= $line }
		}
		elsif ($line =~ /^```(\w*)\s*$/)
		{
			my $kind = $1 eq 'text' && $expected_of ? 'text' : $1 eq 'sql' ? 'sql' : 'other';
			$open = { kind => $kind, line => $i + 1, start => $i, sql => '', needs_data => $needs_data };
			if ($kind eq 'sql') { push @found, $open }
			elsif ($kind eq 'text')
			{
				$open->{for} = $expected_of;
				$expected_of->{expected} = '';
				$expected_of->{text_block} = $open;
			}
			$expected_of = undef;
		}
		elsif ($line =~ /^<!--\s*needs:\s*data\s*-->/) { $needs_data = 1 }
		elsif ($line =~ /\S/) { $expected_of = undef }
	}
	die "$page: the block at line $open->{line} has no end\n" if $open;
	for my $block (@found)
	{
		$block->{not_run} = $block->{sql} =~ /\A\s*--\s*not run/;
		$block->{skip} = 'no data folder'
		  if !$data && ($block->{needs_data} || $block->{sql} =~ /:'?crm_data/);
	}
	return @found;
}

# One session; what lies between two marks is what a block printed.
sub run_blocks
{
	my @run = @_;
	return unless @run;
	my $mark = "=== doctest $$ ";
	my $folder = $ENV{TMPDIR} || '/tmp';
	my $script = abs_path($folder) . "/doctest.$$.sql";
	open my $sql, '>', $script or die "cannot write $script: $!\n";
	for my $i (0 .. $#run)
	{
		print {$sql} "\\echo '$mark$i'\n", $run[$i]{sql};
	}
	print {$sql} "\\echo '${mark}end'\n";
	close $sql;
	my $psql = $ENV{PSQL} || 'psql';
	my @command = ($psql, '-X', '-q', '-P', 'pager=off', '-v', "crm_data=$data", '-d', $database);
	my $pid = open(my $from, '-|') // die "cannot fork: $!\n";
	if ($pid == 0)
	{
		chdir $data if $data;
		open STDIN, '<', $script or die;
		open STDERR, '>&', \*STDOUT;
		exec @command or die "cannot run $psql: $!\n";
	}
	my $current;
	while (my $line = <$from>)
	{
		if ($line =~ /^\Q$mark\E(\w+)$/)
		{
			$current = $1 eq 'end' ? {} : $run[$1];
			$current->{got} = '';
		}
		elsif ($current) { $current->{got} .= $line }
	}
	close $from;
	unlink $script;
}

# Trailing blanks, of lines and of the whole, are not compared.
sub tidy
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+|\s+\z//g;
	return $text eq '' ? '' : "$text\n";
}

sub has_error { return $_[0] =~ /^(?:psql:[^\n]*)?(?:ERROR|FATAL|PANIC):|^invalid command|^\\\w+: error/m }

sub print_tap
{
	my @cases = grep { !$_->{not_run} } @blocks;
	print '1..', scalar(@cases), "\n";
	my $number = 0;
	for my $block (@cases)
	{
		$number++;
		my $name = "$page line $block->{line}";
		my $got = defined $block->{got} ? tidy($block->{got}) : undef;
		if ($block->{skip}) { print "ok $number - $name # SKIP $block->{skip}\n" }
		elsif (!defined $got) { complain($number, $name, 'the session ended before it') }
		elsif (defined $block->{expected} && tidy($block->{expected}) ne $got)
		{
			complain($number, $name, "the page says:\n" . tidy($block->{expected}) . "psql says:\n$got");
		}
		elsif (!defined $block->{expected} && has_error($got)) { complain($number, $name, $got) }
		else { print "ok $number - $name\n" }
	}
}

sub complain
{
	my ($number, $name, $why) = @_;
	print "not ok $number - $name\n", map { "#   $_\n" } split /\n/, $why;
}

# From the last block to the first, so that line numbers stay true.
sub write_page
{
	for my $block (reverse @blocks)
	{
		my $text = $block->{text_block} or next;
		next unless defined $block->{got};
		splice @lines, $text->{start} + 1, $text->{end} - $text->{start} - 1, tidy($block->{got});
	}
	print @lines;
}
