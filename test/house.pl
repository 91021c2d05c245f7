# House rules that a reader of the source can check, checked: which file may test versions,
# what the arithmetic rests on, how long a function is, what the install script says.
# Offenders are named with file and line.
use strict;
use warnings;
use File::Find;
use Test::More;

my @source;
find({ wanted => sub { push @source, $_ if /\.[ch]$/ }, no_chdir => 1 }, 'src');
@source = sort @source;
my @c_files = grep { /\.c$/ } @source;
my @math = grep { m{^src/math/} } @source;

sub lines_of
{
	my ($file) = @_;
	open my $in, '<', $file or die "cannot read $file: $!";
	return <$in>;
}

# "file:line" of each line of the files that matches.
sub matching
{
	my ($pattern, @files) = @_;
	my @found;
	for my $file (@files)
	{
		my @lines = lines_of($file);
		push @found, map { "$file:" . ($_ + 1) } grep { $lines[$_] =~ $pattern } 0 .. $#lines;
	}
	return @found;
}

sub none_of
{
	my ($name, @offenders) = @_;
	is("@offenders", '', $name);
}

# "file:line (lines)" of each function longer than $most lines, from its name to its last brace.
sub longer_than
{
	my ($most, @files) = @_;
	my @found;
	for my $file (@files)
	{
		my @lines = lines_of($file);
		my $first;
		for my $i (0 .. $#lines)
		{
			$first = $i if $lines[$i] =~ /^\w+\(/ && $i > 0 && $lines[ $i - 1 ] =~ /^[\w* ]+$/;
			if (defined $first && $lines[$i] =~ /^}/)
			{
				my $length = $i - $first + 1;
				push @found, "$file:" . ($first + 1) . " ($length)" if $length > $most;
				undef $first;
			}
		}
	}
	return @found;
}

cmp_ok(scalar @c_files, '>', 5, 'the source is found');
none_of('only src/compat.h tests the server version',
	matching(qr/PG_VERSION_NUM|PG_MAJORVERSION_NUM/, grep { $_ ne 'src/compat.h' } @source));
none_of('postgres.h comes first',
	grep { ((grep { /^\s*#\s*include/ } lines_of($_))[0] // '') !~ /"postgres\.h"/ } grep { !m{^src/math/} } @c_files);
none_of('no header includes postgres.h', matching(qr/#\s*include\s*"postgres\.h"/, grep { /\.h$/ } @source));
none_of('src/math knows nothing of PostgreSQL',
	matching(qr/"(?:postgres|fmgr|c)\.h"|"(?:utils|catalog|executor|lib|nodes)\/|\bDatum\b|\bpalloc|\bereport\b|\belog\b/, @math));
none_of('no qsort, which cannot be cancelled', matching(qr/\bqsort(?:_arg|_interruptible)?\s*\(/, @c_files));
none_of('no function of more than 80 lines', longer_than(80, @c_files));

my @sql = glob('src/*.sql');
none_of('CREATE, never OR REPLACE or IF NOT EXISTS', matching(qr/\bOR\s+REPLACE\b|\bIF\s+NOT\s+EXISTS\b/i, @sql));
none_of('no script names the schema of the extension', matching(qr/\@extschema/i, @sql));

SKIP:
{
	my $library = $ENV{CRM_LIBRARY} // '';
	my @undefined = -e $library ? map { /\bU (\w+)/ ? $1 : () } `nm -D --undefined-only $library 2>/dev/null` : ();
	skip 'no library, or no nm here', 2 unless @undefined;
	cmp_ok(scalar @undefined, '>', 20, 'the symbols of the library are read');
	none_of('nothing whose last bit depends on the C library',
		grep { /^(?:exp|exp2|expm1|log|log2|log10|log1p|pow|tgamma|lgamma|lgamma_r|erf|erfc|sin|cos|tan|sinh|cosh|tanh|atan|hypot|cbrt)[fl]?$/ }
		  @undefined);
}

done_testing();
