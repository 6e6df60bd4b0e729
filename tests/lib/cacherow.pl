#!/usr/bin/env perl
# cacherow.pl address class code enhanced host text probed expires [count]
# Prints the SQL that puts a row, checksum and all, into cache/verdicts.db, as src/rcpt/cache.h
# describes it. With a count, that many rows: % in the address becomes 1, 2, ...
use strict;
use warnings;
no warnings 'portable';    # 64-bit constants
use integer;    # 64 bits, wrapping

# checksum.h once more, by its description
sub number {
	my ($sum, $number) = @_;
	$sum ^= $number;
	$sum = ($sum << 29 | ($sum >> 35 & 0x1fffffff)) * unpack 'q<', pack 'Q<', 0x9e3779b97f4a7c15;
	return $sum ^ ($sum >> 32 & 0xffffffff);
}

sub text {
	my ($sum, $text) = @_;
	$sum = number($sum, length $text);
	$sum = number($sum, $_) for unpack 'q<*', $text . "\0" x (-length($text) & 7);
	return $sum;
}

my ($address, $class, $code, $enhanced, $host, $text, $probed, $expires, $count) = @ARGV;
my $start = unpack 'q<', pack 'Q<', 0x243f6a8885a308d3;

print "BEGIN;\n";
for my $i (1 .. $count // 1) {
	(my $key = $address) =~ s/%/$i/;
	my $sum = text(text(number($start, 2), $key), $class);
	$sum = text(text(text(number($sum, $code), $enhanced), $host), $text);
	$sum = number(number($sum, $probed), $expires);
	my @texts = map { "CAST(x'" . unpack('H*', $_) . "' AS TEXT)" }
	    $key, $class, $enhanced, $host, $text;
	print "INSERT INTO account_cache VALUES ($texts[0], $texts[1], $code, $texts[2], $texts[3],"
	    . " $texts[4], $probed, $expires, $sum);\n";
}
print "UPDATE account_cache_count SET rows = (SELECT count(*) FROM account_cache);\nCOMMIT;\n";
