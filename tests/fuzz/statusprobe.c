/*
 * Any bytes as what rcptprobe says of itself: numbers are none below zero, latencies aside, and
 * texts are printable and end in time. What is read makes a line that is read the same.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "door/statusprobe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_text(const char *text, size_t size)
{
	check(memchr(text, '\0', size) != NULL);
	for (; *text != '\0'; text++)
		check(*text >= ' ' && *text <= '~');
}

static void
check_desk(const struct statusprobe_desk *desk)
{
	struct statusprobe_desk again;
	struct statusprobe_server none;
	struct line line;

	check(desk->since >= 0 && desk->questions >= 0 && desk->joined >= 0);
	check(desk->known >= 0 && desk->busy >= 0 && desk->probes >= 0);
	check(desk->callers >= 0 && desk->p50 >= -1 && desk->p99 >= -1 && desk->servers >= 0);
	check(desk->lately >= 0 && desk->lately_questions >= 0 && desk->lately_busy >= 0);
	line_start(&line);
	line_add(&line, "probe");
	line_pair_number(&line, "since", desk->since);
	line_pair_number(&line, "lately_busy", desk->lately_busy);
	check(statusprobe_parse(&again, &none, line.text, line.len) == STATUSPROBE_DESK);
	check(again.since == desk->since && again.lately_busy == desk->lately_busy);
}

static void
check_server(const struct statusprobe_server *server)
{
	struct statusprobe_server again;
	struct statusprobe_desk none;
	struct line line;

	check_text(server->host, sizeof(server->host));
	check_text(server->state, sizeof(server->state));
	check_text(server->tls, sizeof(server->tls));
	check_text(server->reply, sizeof(server->reply));
	check(server->host[0] != '\0');
	check(server->connections >= 0 && server->limit >= 0 && server->waiting >= 0);
	check(server->asked >= 0 && server->yes >= 0 && server->no >= 0);
	check(server->undecided >= 0 && server->skipped >= 0);
	check(server->p50 >= -1 && server->p99 >= -1);
	check(server->refuses_since >= 0 && server->refused >= 0);
	if (strchr(server->host, '\\') != NULL || strchr(server->state, '\\') != NULL)
		return; /* that is written in another way */
	line_start(&line);
	line_add(&line, "server");
	line_pair(&line, "host", server->host);
	line_pair(&line, "state", server->state);
	check(statusprobe_parse(&none, &again, line.text, line.len) == STATUSPROBE_SERVER);
	check(strcmp(again.host, server->host) == 0 && strcmp(again.state, server->state) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct statusprobe_desk desk;
	static struct statusprobe_server server;

	/* What the parser does not set itself must not matter. */
	memset(&desk, 0x5a, sizeof(desk));
	memset(&server, 0x5a, sizeof(server));
	switch (statusprobe_parse(&desk, &server, (const char *)data, size)) {
	case STATUSPROBE_DESK:
		check_desk(&desk);
		break;
	case STATUSPROBE_SERVER:
		check_server(&server);
		break;
	case STATUSPROBE_NONSENSE:
		break;
	}
	return 0;
}
