-- The tables of rcptcheck.db, the one file an administrator edits. The first run of rcptbuild creates
-- it; each further run adds the tables that are missing and leaves all others alone.
--
-- Edit it with sqlite3(1) or any SQLite tool while everything runs, then wait for cron to run
-- rcptbuild, or run it. A row that makes no sense stops rcptbuild with the table, the rowid and
-- the reason; the programs go on with what was compiled before.
--
-- A domain may be written in any case, and as U-label (münchen.example) or A-label.

-- Which servers know the users of a domain: one row per address. domain is a recipient domain, or any
-- name that rows of domain_aliases refer to. ip is an IPv4 or IPv6 address or a host name, port NULL
-- is 25. Servers are asked in ascending "order", those with NULL last.
CREATE TABLE IF NOT EXISTS domain_ips (domain VARCHAR, ip VARCHAR, port INTEGER, "order" INTEGER);

-- Mail for alias is checked at the servers of domain, which needs rows in domain_ips.
CREATE TABLE IF NOT EXISTS domain_aliases (alias VARCHAR, domain VARCHAR);

-- Domains of which the users are listed, and those users: user@domain, @domain for a catch-all, user-*@domain
-- for all who begin like this. Other lists of users: rcptbuild(8). Who is listed is accepted. Who is not is rejected,
-- or, where the domain is in domain_ips too, asked about.
CREATE TABLE IF NOT EXISTS local_domains (domain VARCHAR);
CREATE TABLE IF NOT EXISTS local_users (address VARCHAR);

-- Addresses that are accepted without asking: user@domain, or @domain for all of them.
CREATE TABLE IF NOT EXISTS always_accept (address VARCHAR);

-- Which server holds the mailbox of a user, for the proxies in front of POP and IMAP: route(7). user is
-- user@domain, user, a range such as a-f or a-f@domain, @domain, or *. Several rows of a user are tried in
-- ascending "order". port NULL is that of the protocol; login is the user's name there, if it is another.
CREATE TABLE IF NOT EXISTS mailboxes (user VARCHAR, server VARCHAR, port INTEGER, "order" INTEGER,
    login VARCHAR, secret VARCHAR);

-- See rcptcheck-settings(5). domain NULL or '' means all domains; a row with a domain wins.
CREATE TABLE IF NOT EXISTS settings (name VARCHAR, domain VARCHAR, value VARCHAR);

PRAGMA user_version = 1;
