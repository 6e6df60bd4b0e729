-- An example: what the administrator of a backup MX puts into rcptcheck.db. Try it with
--
--	mkdir -p /tmp/home/data
--	RCPTCHECK_HOME=/tmp/home rcptbuild
--	sqlite3 /tmp/home/data/rcptcheck.db < example.sql
--	RCPTCHECK_HOME=/tmp/home rcptbuild -v

-- example.com has two servers: the second is asked when the first says nothing.
INSERT INTO domain_ips VALUES ('example.com', '198.51.100.25', NULL, 1);
INSERT INTO domain_ips VALUES ('example.com', '2001:db8::25', NULL, 2);

-- One server with several domains: its rows have a name of their own ("main name"), and each domain
-- is an alias of that name. Its SMTP listens on port 2525.
INSERT INTO domain_ips VALUES ('hosting', '203.0.113.7', 2525, NULL);
INSERT INTO domain_aliases VALUES ('example.org', 'hosting');
INSERT INTO domain_aliases VALUES ('example.net', 'hosting');
INSERT INTO domain_aliases VALUES ('bücher.example', 'hosting');

-- Never asked about: always accepted.
INSERT INTO always_accept VALUES ('abuse@example.com');

-- The name for HELO, and for all domains: first only log what would be refused ...
INSERT INTO settings VALUES ('helo', NULL, 'backup.example.com');
INSERT INTO settings VALUES ('mode', NULL, 'warn');
-- ... but example.com is trusted by now, and all domains of hosting are asked with more patience.
INSERT INTO settings VALUES ('mode', 'example.com', 'enforce');
INSERT INTO settings VALUES ('connect_timeout', 'hosting', '10s');
