/*
 * Lines for the system's log (RFC 3164, facility mail, severity info), without ever waiting: what
 * its daemon does not take at once is lost. syslog(3) waits, and with it all who wait for us.
 */
#ifndef BASE_SYSLOGGER_H
#define BASE_SYSLOGGER_H

/*
 * Connects; name, a constant text, stands before each line. To be called before the process gives
 * up the sight of /dev/log. No daemon is no error: lines are lost then.
 */
void syslogger_open(const char *name);

/* Closes it; for a library, whose descriptors are not its own for long. */
void syslogger_close(void);

/* One line, without its end. */
void syslogger_write(const char *text);

#endif
