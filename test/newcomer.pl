# The worked example of docs/developing.md, how a newcomer adds a concept: its C compiles without a
# warning, what it calls by name is there, and the files it names exist.
use strict;
use warnings;
use File::Temp qw(tempdir);
use PostgreSQL::Test::Utils;
use Test::More;

my $page = slurp_file('docs/developing.md');
my ($section) = $page =~ /^## Adding a concept\n(.*?)^## /ms;
isnt($section, undef, 'the section is there');
my ($source) = $section =~ /^```c\n(.*?)^```/ms;
my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
chomp(my ($include, $cc) = map { scalar `$pg_config $_` } qw(--includedir-server --cc));
my $folder = tempdir(CLEANUP => 1);
append_to_file("$folder/absence.c", $source);
my ($compiler) = grep { my $name = $_; grep { -x "$_/$name" } split /:/, $ENV{PATH} } (split ' ', $cc)[0], 'cc', 'gcc';
SKIP:
{
	skip 'no compiler', 1 unless $compiler;
	my $said = `$compiler -fsyntax-only -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Werror -Isrc -I$include -D_GNU_SOURCE $folder/absence.c 2>&1`;
	is($said, '', 'its C compiles without a warning');
}
like($section, qr/^CREATE FUNCTION longest_gap\(h purchase_history\) RETURNS integer$/m, 'its SQL declares what its C defines');
like($source, qr/^longest_gap\(PG_FUNCTION_ARGS\)$/m, 'under the same name');
my @missing = grep { !m{absence|CONCEPT} && !-e } $section =~ m{`((?:src|test|sql|docs)/[\w/.]+)`}g;
is("@missing", '', 'files it points at exist');
my $lines = () = $source =~ /\n/g;
cmp_ok($lines, '<', 80, 'and it is short');
done_testing();
