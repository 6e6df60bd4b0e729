#!/usr/bin/env perl
# cacherow.pl address class code enhanced host text probed expires [count]
# cacherow.pl -m subject state count since tried until text
# Prints the SQL that puts a row, checksum and all, into cache/verdicts.db, as src/rcpt/cache.h
# describes it. With a count, that many rows: % in the address becomes 1, 2, ... With -m, a row as
# src/rcpt/memory.h describes it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Checksum;

# As a literal, whatever is in it
sub quoted {
	return map { "CAST(x'" . unpack('H*', $_) . "' AS TEXT)" } @_;
}

my $start = number(START, 2);    # CACHE_SCHEMA_VERSION

if ($ARGV[0] eq '-m') {
	my (undef, $subject, $state, $count, $since, $tried, $until, $text) = @ARGV;
	my $sum = text(text($start, $subject), $state);
	$sum = text(number(number(number(number($sum, $count), $since), $tried), $until), $text);
	my @texts = quoted($subject, $state, $text);
	print "REPLACE INTO memory VALUES ($texts[0], $texts[1], $count, $since, $tried, $until,"
	    . " $texts[2], $sum);\n";
	exit;
}

my ($address, $class, $code, $enhanced, $host, $text, $probed, $expires, $count) = @ARGV;

print "BEGIN;\n";
for my $i (1 .. $count // 1) {
	(my $key = $address) =~ s/%/$i/;
	my $sum = text(text($start, $key), $class);
	$sum = text(text(text(number($sum, $code), $enhanced), $host), $text);
	$sum = number(number($sum, $probed), $expires);
	my @texts = quoted($key, $class, $enhanced, $host, $text);
	print "INSERT INTO account_cache VALUES ($texts[0], $texts[1], $code, $texts[2], $texts[3],"
	    . " $texts[4], $probed, $expires, $sum);\n";
}
print "UPDATE account_cache_count SET rows = (SELECT count(*) FROM account_cache);\nCOMMIT;\n";
