#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptors.h"

#define ADDRESS_SIZE 1024 /* spamdyke takes no more than 1000 bytes or so */

/* spamdyke's two arguments, made one address. NULL if they can't be. */
static const char *
join_address(int argc, char **argv, const char *domain)
{
	static char address[ADDRESS_SIZE];
	size_t len, domain_len = strlen(domain);

	if (argc != 1 || argv[0][0] == '\0' || domain_len == 0 || strchr(domain, '@') != NULL)
		return NULL;
	len = strlen(argv[0]);
	if (len + 1 + domain_len >= sizeof(address))
		return NULL;
	memcpy(address, argv[0], len);
	address[len] = '@';
	memcpy(address + len + 1, domain, domain_len + 1);
	return address;
}

/* RECIPIENT wins: qmail-spp's variables are also there when it runs RCPTCHECK. */
static void
take_environment(struct options *options)
{
	if ((options->address = getenv("RECIPIENT")) != NULL)
		return;
	options->address = getenv("SMTPRCPTTO");
	options->context.sender = getenv("SMTPMAILFROM");
	if (options->address != NULL)
		options->form = HOOK_SPP;
	else
		options->usage = true;
}

void
options_parse(struct options *options, int argc, char **argv)
{
	bool batch = false, print = false, fd3 = false, spamdyke = false;
	static const struct option no_long[] = {{NULL, 0, NULL, 0}};
	const char *domain = NULL, *fd4 = getenv("USE_FD4");
	int option;

	memset(options, 0, sizeof(*options));
	opterr = 0;
	/*
	 * -y ends the options: what comes behind it was said by a stranger. getopt(3) takes an
	 * option behind the address with glibc and not with musl, getopt_long(3) with both.
	 */
	while (domain == NULL &&
	    (option = getopt_long(argc, argv, "3bsvy:", no_long, NULL)) != -1) {
		switch (option) {
		case '3':
			fd3 = true;
			break;
		case 'b':
			batch = true;
			break;
		case 's':
			print = true;
			break;
		case 'v':
			options->verbose++;
			break;
		case 'y':
			spamdyke = true;
			domain = optarg;
			break;
		default:
			spamdyke |= optopt == 'y'; /* without a domain */
			options->usage = true;
		}
	}
	argc -= optind;
	argv += optind;
	options->usage |= batch + print + fd3 + spamdyke > 1;
	options->usage |= argc > (batch || fd3 ? 0 : 1);
	options->context.client = getenv("TCPREMOTEIP");
	options->context.sender = getenv("SENDER");
	options->form = HOOK_EXIT;
	if (fd4 != NULL && strcmp(fd4, "1") == 0 && descriptors_is_writable_pipe(4))
		options->form = HOOK_FD4;
	if (domain != NULL) {
		options->address = join_address(argc, argv, domain);
		options->usage |= options->address == NULL;
	} else if (argc > 0) {
		options->address = argv[0];
	} else if (!batch && !fd3 && !spamdyke) {
		take_environment(options);
	}

	if (print && !options->usage)
		options->form = HOOK_PRINT;
	if (batch)
		options->form = HOOK_BATCH;
	/* Last: where these two are meant, other codes than theirs are wrong in any trouble. */
	if (fd3)
		options->form = HOOK_FD3;
	if (spamdyke)
		options->form = HOOK_SPAMDYKE;
}
