# moved.pl FOLDER: make check-moved runs the suite with the extension moved out of its schema by
# ALTER EXTENSION, and with every workspace renamed (test/moved). Here the copies of the tests in
# FOLDER are changed to that: what names the schema public says where the extension is now.
use strict;
use warnings;

my ($folder) = @ARGV;
for my $file (glob("$folder/{sql,test,test/include,docs,demo}/*.{sql,pl,pm,md}"))
{
	open my $in, '<', $file or die "cannot read $file: $!\n";
	my $text = do { local $/; <$in> };
	my $was = $text;
	next if $file =~ m{/upgrade\.pl$};    # it compares installations
	$text =~ s/CREATE EXTENSION crm_ext(?=\s*[;'"])/CREATE EXTENSION crm_ext; CREATE EXTENSION crm_ext_moved; DROP EXTENSION crm_ext_moved/g;
	$text =~ s/\bpublic\.(?=crm_(?:attach|detach|refresh|report|discover))/moved_here./g;
	$text =~ s/^\\set crm public$/\\set crm moved_here/mg;
	# a path that the test sets for itself; that of the server names both schemas
	$text =~ s/(search_path = (?:"\$user", )?)([^;'"]*\bpublic\b)/$1$2, crm_renaming, moved_here/g unless $file =~ /hostile\.pl$/;
	next if $text eq $was;
	open my $out, '>', $file or die "cannot write $file: $!\n";
	print $out $text;
	close $out or die "cannot write $file: $!\n";
}
