# update-script.pl OLD.sql NEW.sql [CHANGES.sql]: prints the script that takes the extension
# from what the install script OLD makes to what NEW makes.
#
# It has the statements of NEW that OLD does not have, in their order. Functions, aggregates
# and views are created OR REPLACEd, so that a changed one needs nothing else. What cannot be
# derived so is written by hand into CHANGES: a type or operator that changed, a member that
# is gone, a function whose result or argument names changed. Its lines up to the line
# "-- derived" come before the derived statements, the rest after them.
# test/upgrade.pl holds the outcome against a fresh installation.
use strict;
use warnings;

my ($old_file, $new_file, $changes_file) = @ARGV;
my ($name) = $new_file =~ m{([^/]+?)--[^/]*$} or die "no script of an extension: $new_file\n";

my %old = map { form_of($_) => 1 } statements_of($old_file);
my %old_name = map { name_of($_) => 1 } keys %old;
my ($before, $after) = split /^-- derived\n/m, $changes_file ? slurp($changes_file) : '', 2;

print qq{\\echo Use "ALTER EXTENSION $name UPDATE" to load this file. \\quit\n};
print $before // '';
for my $statement (grep { !$old{ form_of($_) } } statements_of($new_file))
{
	my $form = form_of($statement);
	if ($statement =~ s/^CREATE (?=FUNCTION|PROCEDURE|AGGREGATE|VIEW)/CREATE OR REPLACE /)
	{
		print "\n$statement;\n";
	}
	elsif ($form =~ /^CREATE / && $old_name{ name_of($form) })
	{
		print "\n-- changed, see above or below: ", name_of($form), "\n";
	}
	else { print "\n$statement;\n" }
}
print "\n", $after if defined $after;

# A statement's text; of what cannot be replaced, however its lines are broken.
sub form_of
{
	my ($statement) = @_;
	return $statement =~ /^CREATE (?:TYPE|OPERATOR|CAST|TABLE|DOMAIN)\b/ ? $statement =~ s/\s+/ /gr : $statement;
}

# What a form creates: up to its first parenthesis, an operator with its arguments, a cast
# with its types.
sub name_of
{
	my ($form) = @_;
	return $1 if $form =~ /^(CREATE CAST \([^)]*\))/;
	my $name = $form =~ s/\s*(?:\(|\bAS\b).*//sr;
	return $name unless $name =~ /^CREATE OPERATOR (?!CLASS|FAMILY)/;
	return "$name (" . join(', ', $form =~ /\b(?:LEFT|RIGHT)ARG\s*=\s*(\w+)/g) . ')';
}

# The statements of a script, without comments, blanks around them and the semicolon.
sub statements_of
{
	my ($file) = @_;
	my $text = slurp($file) =~ s/^\\.*\n//mgr;
	my ($statement, $depth, @found) = ('', 0);
	while ($text =~ m{\G(
		  --[^\n]* | /\* .*? \*/                    # comments
		| ' (?: [^'] | '' )* '                      # literals
		| " (?: [^"] | "" )* "
		| (\$\w*\$) .*? \g2
		| \w+
		| .)}gsx)
	{
		my $token = $1;
		next if $token =~ m{^(?:--|/\*)};
		if ($token eq ';' && !$depth)
		{
			push @found, trimmed($statement) if $statement =~ /\S/;
			$statement = '';
			next;
		}
		# the body of BEGIN ATOMIC ... END, as psql finds its end
		if ($statement =~ /^\s*CREATE\s+(?:FUNCTION|PROCEDURE)\b/)
		{
			$depth++ if $token =~ /^BEGIN$/i || ($depth && $token =~ /^CASE$/i);
			$depth-- if $depth && $token =~ /^END$/i;
		}
		$statement .= $token;
	}
	die "$file: the last statement has no end: $statement\n" if $statement =~ /\S/;
	return @found;
}

sub trimmed { return $_[0] =~ s/^\s+|\s+$//gr }

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "cannot read $file: $!\n";
	local $/;
	return scalar(<$in>) // '';
}
