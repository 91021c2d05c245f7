# Calls of every member function that PUBLIC may execute, with values of every kind in every
# place: NULL, zero, the least, the largest, what is no number, what is no member's business.
# The functions, their argument types and the composite types are read from the catalogs, so a
# new member is called too; values of a new type are those that earlier calls returned.
package Calls;
use strict;
use warnings;

# For each type the SQL expressions that stand for it; the first is a sensible one.
my $long_text = "repeat('x', 70000)";
our %values = (
	bool => [qw(true false)],
	int2 => [qw(1 0 -1 5 32767 -32768)],
	int4 => [qw(2 1 5 0 -1 12 90 365 1000 2147483647 -2147483648)],
	int8 => [qw(2 1 5 0 -1 90 1000 2147483648 9223372036854775807), '(-9223372036854775807 - 1)'],
	float4 => [ '1.5', q('NaN'), q('Infinity'), '0' ],
	float8 => [ '0.5', '1', '2', '0', '-1', '0.1', '7', '52', '0.999999999999999', '1e-300', '5e-324', '1e15', '1e308', '-1e308', q('NaN'), q('Infinity'), q('-Infinity') ],
	numeric => [ '12.5', '0', '1', '-1', '0.00005', '-0.00004', '922337203685477.5807', '1e38', '-1e38', '1e1000', '1e-1000', q('NaN'), q('Infinity'), q('-Infinity') ],
	text => [ q('bg/nbd'), q('mbg/nbd'), q('pareto/nbd'), q('bg/bb'), q('UTC'), q('Europe/Berlin'), q('bounded'), q('unbounded'), q('inbound'), q('outbound'), q('email'),
		q(''), q(' '), q('no such thing'), q('%s%n'), q('''; DROP TABLE x; --'), qq(E'\\n\\t\\x01'), q(U&'\\00e9\\+01F600'), $long_text,
		q('SELECT 1, date ''2024-01-01'', 2.5'), q('SELECT NULL::text, now()'), q('SELECT 1'), q('DELETE FROM pg_class'), q('SELECT 1, 2, 3; SELECT 4'), q('VALUES (1::int8, ''infinity''::date)') ],
	name => [ q('buyer'), q('at'), q('total'), q('crm'), q(''), q('no such thing'), q('ctid'), q('a"b'), q('pg_catalog'), "repeat('n', 63)" ],
	cstring => [ q(''), q('2024-01-01:5'), q('{}'), q('null'), q('{"family": 1e999}'), q('(,,,)'), q('[[[['), q('2024-01-01:1, 2024-01-01:1'), "repeat('[', 50000)::cstring", "repeat('9', 70000)::cstring", qq(E'\\x01') ],
	date => [ q('2024-06-30'), q('2024-01-01'), q('2023-12-31'), q('1970-01-01'), q('4713-01-01 BC'), q('5874897-12-31'), q('infinity'), q('-infinity') ],
	timestamp => [ q('2024-06-30 12:00'), q('2024-01-01'), q('4713-01-01 BC'), q('294276-12-31 23:59:59.999999'), q('infinity'), q('-infinity') ],
	timestamptz => [ q('2024-06-30 12:00+02'), q('2024-01-01 00:00Z'), q('4713-01-01 BC'), q('294276-12-31 23:59:59.999999Z'), q('infinity'), q('-infinity') ],
	interval => [ q('1 month'), q('1 day'), q('0'), q('-1 day'), q('1 microsecond'), q('1 month -30 days'), q('14 days'), q('170000000 years'), q('-170000000 years'), q('2147483647 days') ],
	daterange => [ q|'[2024-01-01,2024-07-01)'|, q|'empty'|, q|'(,)'|, q|'[2024-01-01,)'|, q|'(,2024-01-01)'|, q|'[-infinity,infinity]'|, q|'[4713-01-01 BC,5874897-12-31)'| ],
	datemultirange => [ q|'{[2024-01-01,2024-07-01)}'|, q|'{}'|, q|'{(,)}'|, q|'{[2023-01-01,2023-05-01),[2024-01-01,)}'|, q|'{[-infinity,infinity]}'| ],
	oid => [qw(23 0 4294967295 1)],
	uuid => [ q('11111111-2222-3333-4444-555555555555'), q('00000000-0000-0000-0000-000000000000') ],
	bytea => [ q('\\x00'), q(''), "decode(repeat('ff', 1000), 'hex')" ],
	json => [ q('{}'), q('[]') ],
	jsonb => [ q('{}'), q('[]'), q('{"family": "bg/nbd", "params": {"r": 1e400}}') ],
	purchase_history => [ q('2024-01-01:10.5, 2024-02-01:3, 2024-06-20*2:-4.25'), q(''), q('2023-12-31:1'), q('4713-01-01 BC:1, 5874897-12-31:2'), q('2024-01-01*2147483647:922337203685477.5807') ],
	btyd_model => [ map { my ($family, $params) = split / /; "btyd_model('$family', ARRAY[$params]::float8[])" }
		'bg/nbd 0.243,4.414,0.793,2.426', 'mbg/nbd 0.525,6.183,0.891,1.614', 'pareto/nbd 0.553,10.578,0.606,11.669', 'bg/bb 1.204,0.750,0.657,2.783',
		'bg/nbd 1e-300,1e300,1e-300,1e300', 'mbg/nbd 1e15,1e-15,1e15,1e-15', 'pareto/nbd 1e-300,1e300,1e300,1e-300', 'bg/bb 1e300,1e300,1e-300,1e300', 'bg/bb 1e-9,1e9,1e9,1e-9',
		'bg/nbd 1e300,1e300,1e300,1e300', 'pareto/nbd 1e9,1e9,1e9,1e9', 'pareto/nbd 1e-12,1e-12,1e-12,1e-12' ],
	spend_model => [ map { "spend_model(ARRAY[$_]::float8[])" } '6.25,3.74,15.44', '1e-300,1e300,1e300', '1e15,0.5,1e-15', '1e300,1e300,1e300' ],
	renewal_model => [ map { "renewal_model(ARRAY[$_]::float8[])" } '0.704,1.182', '1e-300,1e-300', '1e300,1e300', '1e15,1e-15', '1e-15,1e15' ],
	regclass => [ q('shop.orders'), q('shop.seen'), q('pg_catalog.pg_class'), '0', '4294967295', q('shop.orders_pkey') ],
	regtype => [ '23', '0', '4294967295' ],
);
# What stands for a polymorphic type.
my @any = qw(int8 text uuid date int4 numeric json bool oid bytea interval float8);

# A generator of its own, so that the same seed gives the same calls everywhere.
sub new
{
	my ($class, %self) = @_;
	return bless { seed => 1, harvest => {}, %self }, $class;
}

sub draw
{
	my ($self, $n) = @_;
	$self->{seed} = ($self->{seed} * 1103515245 + 12345) % 2**31;
	return int(($self->{seed} >> 8) % $n);
}

sub pick { return $_[1][ $_[0]->draw(scalar @{ $_[1] }) ] }

# types: oid => { name, kind, elem, attributes, labels } as read by the caller.
sub expression
{
	my ($self, $oid, $tame) = @_;
	my $type = $self->{types}{$oid} or die "no type $oid";
	return "NULL::$type->{name}" if !$tame && $self->draw(9) == 0;
	return '(' . $self->bare($type, $tame) . ")::$type->{name}";
}

sub bare
{
	my ($self, $type, $tame) = @_;
	if ($type->{elem})
	{
		my $most = $tame ? 3 : 6;
		my $n = $self->draw($most);
		my $list = join ', ', map { $self->expression($type->{elem}, $tame) } 1 .. $n;
		return "'[5:5]={NULL}'" if !$tame && $self->draw(15) == 0;
		return "ARRAY[[$list], [$list]]" if !$tame && $n && $self->draw(15) == 0;
		return "(SELECT array_agg(DISTINCT d ORDER BY d) FROM unnest(ARRAY[$list]) AS d)" if $n && $self->draw(2) == 0;
		return "ARRAY[$list]";
	}
	return 'ROW(' . join(', ', map { $self->expression($_, $tame) } @{ $type->{attributes} }) . ')' if @{ $type->{attributes} };
	my @known = (
		@{ $values{ $type->{name} } // [] },
		(map { "'$_'" } @{ $type->{labels} }),
		(map { "'" . s/'/''/gr . "'" } @{ $self->{harvest}{ $type->{name} } // [] }));
	return 'NULL' unless @known;
	return $tame ? $known[ $self->draw(@known > 4 ? 4 : scalar @known) ] : $self->pick(\@known);
}

# The arguments of one call: mostly tame ones with one or two wild, or all wild.
sub tuple
{
	my ($self, @types) = @_;
	my $wild = $self->draw(4);
	my $which = @types ? $self->draw(scalar @types) : 0;
	return map { $self->expression($types[$_], $wild == 0 ? 0 : $wild == 1 ? 1 : $_ != $which) } 0 .. $#types;
}

# function: { name, kind (f, a, w), args => [oids], set, result }
sub statement
{
	my ($self, $function) = @_;
	my $any = $self->{oid_of}{ $self->pick(\@any) };
	my @types = map { $self->{types}{$_}{any} ? ($self->{types}{$_}{any} eq 'array' ? $self->{types}{$any}{array} : $any) : $_ } @{ $function->{args} };
	if ($function->{kind} eq 'f')
	{
		my $call = "$function->{name}(" . join(', ', $self->tuple(@types)) . ')';
		return $function->{set} && $self->draw(2) ? "SELECT r::text FROM $call AS r" : "SELECT ($call)::text";
	}
	my @first = $self->tuple(@types);
	my @rows = (\@first, map {
		my @next = $self->tuple(@types);
		[ map { $self->draw(3) ? $first[$_] : $next[$_] } 0 .. $#types ]
	} 1 .. $self->draw(5));
	my $columns = join ', ', map { "a$_" } 0 .. $#types;
	my $over = $function->{kind} eq 'w' ? ' OVER (ORDER BY n)'
	  : $self->draw(5) == 0 ? ' OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)' : '';
	return "SELECT $function->{name}($columns)$over FROM (VALUES "
	  . join(', ', map { '(' . join(', ', $_, @{ $rows[$_] }) . ')' } 0 .. $#rows)
	  . ') AS v(n' . (@types ? ", $columns" : '') . ')';
}

1;
