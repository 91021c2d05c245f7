# as-user.pl USER FOLDER COMMAND...: runs COMMAND in FOLDER as USER (empty: the caller), in
# this very process, so that whoever signals it reaches the command. Who starts it as root
# needs no sudo, su or runuser, and nothing of the caller's groups stays.
use strict;
use warnings;

my ($name, $folder, @command) = @ARGV;
if ($name ne '')
{
	my (undef, undef, $uid, $gid) = getpwnam($name) or die "no user $name\n";
	$) = "$gid $gid";
	$( = $gid;
	($<, $>) = ($uid, $uid);
	die "cannot become $name\n" if $< != $uid || $> != $uid;
	$ENV{HOME} = $folder;
	$ENV{USER} = $ENV{LOGNAME} = $name;
}
chdir $folder or die "cannot enter $folder: $!\n";
exec { $command[0] } @command or die "cannot run $command[0]: $!\n";
