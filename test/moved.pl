# Tests of rooms and of the workspace once more, with the extension moved to another schema and
# every workspace renamed (test/moved). `make check-moved` does it with the whole suite.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Path qw(make_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'everything runs so already' if $ENV{CRM_MOVED};

my $copies = PostgreSQL::Test::Utils::tempdir;
make_path("$copies/test/include");
for my $file (glob('test/*.sql test/include/*.sql')) { copy($file, "$copies/$file") or die "cannot copy $file: $!" }
is(system($^X, 'tools/moved.pl', $copies), 0, 'copies of the tests, changed to the other schema');

my $node = PostgreSQL::Test::Cluster->new('moved');
$node->init;
$node->append_conf('postgresql.conf', qq(jit = off\nsearch_path = '"\$user", public, crm_renaming, moved_here'\n));
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE moved');
$node->safe_psql('moved', "CREATE EXTENSION $_") for qw(pgtap crm_ext crm_ext_moved);
is($node->safe_psql('moved', q{SELECT extnamespace::regnamespace, (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND probin ~ 'crm_ext') FROM pg_extension WHERE extname = 'crm_ext'}),
	'moved_here|0', 'the extension is elsewhere');

for my $name (qw(segments discover workspace))
{
	$node->safe_psql('postgres', "CREATE DATABASE t_$name TEMPLATE moved");
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', qw(-X -A -t -q -P pager=off -v ON_ERROR_ROLLBACK=1 -v), 'crm_data=' . ($ENV{CRM_DATA} // ''),
			'-d', $node->connstr("t_$name"), '-f', "$copies/test/$name.sql" ], '>', \$out, '2>', \$err);
	my ($planned) = $out =~ /^1\.\.(\d+)/m;
	my @ok = $out =~ /^ok /mg;
	is(join("\n", ($out =~ /^(not ok.*)/mg), grep { /ERROR:|^psql: error/ } split /\n/, $err), '', "$name: nothing differs");
	is(scalar @ok, $planned // 'a plan', "$name: all of its assertions");
}
$node->stop;
done_testing();
